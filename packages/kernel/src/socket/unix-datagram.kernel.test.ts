import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { errnoOf } from '../system-call/errno-of.ts';
import { bind, close, recv, socket } from '../system-call/syscalls.ts';
import { openUnixDatagram } from './unix-datagram.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;

test('datagrams reach a socket of this machine, until it is full or gone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-datagram-'));
  const path = join(folder, 'log');
  assert.throws(
    () => openUnixDatagram(path),
    (error) => errnoOf(error) === 'ENOENT',
  );
  const receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
  const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(`${path}\0`)]);
  bind(receiver, address, address.length);
  try {
    using sender = openUnixDatagram(path);
    assert.ok(sender.send(Buffer.from('one\ntwo')));
    const buffer = Buffer.alloc(100);
    assert.equal(buffer.toString('utf8', 0, recv(receiver, buffer, buffer.length, 0)), 'one\ntwo');
    let sent = 0;
    while (sender.send(Buffer.from('x'))) sent++;
    assert.ok(sent > 0);
    close(receiver);
    assert.throws(
      () => sender.send(Buffer.from('y')),
      (error) => errnoOf(error) === 'ECONNREFUSED',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a path that is too long is no address', () => {
  assert.throws(
    () => openUnixDatagram('x'.repeat(108)),
    (error) => errnoOf(error) === 'ENAMETOOLONG',
  );
});
