import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { makeFifo } from '../pipe/pipe.ts';
import { closeDescriptor, openDatagramSocket, openStreamSocket } from '../socket/network-socket.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';
import {
  createNamespace,
  deleteNamespace,
  enterNamespace,
  listEmptyPins,
  listNamespaces,
  namespaceInode,
  namespacePath,
  namespacesOfProcesses,
} from './namespace.ts';
import { OpenNamespace } from './open-namespace.ts';

const name = `fl-test-namespace-${process.pid}`;
const loopback = parseIpAddress('127.0.0.1');
const here = () => readlinkSync('/proc/thread-self/ns/net');
const home = here();

afterEach(() => deleteNamespace(name));

/** True for one that is pinned: the file that a crash left under the name is none. */
const namespaceExists = (wanted: string) => listNamespaces().includes(wanted);

function hasErrno(errno: string) {
  return (error: unknown) => error instanceof SystemCallError && error.errno === errno;
}

test('a created namespace is pinned, listed and usable by ip -n, and the thread is back home', () => {
  const inside = createNamespace(name, here);
  assert.notEqual(inside, home);
  assert.equal(here(), home);
  assert.ok(namespaceExists(name));
  assert.match(execFileSync('ip', ['-n', name, 'link'], { encoding: 'utf8' }), /lo:/);
  assert.equal(enterNamespace(namespacePath(name), here), inside);
});

test('creating a namespace whose name is taken fails with EEXIST and leaves it alone', () => {
  createNamespace(name);
  const { ino } = statSync(namespacePath(name));
  assert.throws(() => createNamespace(name), hasErrno('EEXIST'));
  assert.equal(statSync(namespacePath(name)).ino, ino);
});

test('the plain file that a crash left behind is taken over', () => {
  createNamespace(name);
  deleteNamespace(name);
  writeFileSync(namespacePath(name), '');
  assert.equal(namespaceExists(name), false);
  assert.ok(listEmptyPins().includes(name));
  createNamespace(name);
  assert.ok(namespaceExists(name));
  assert.ok(!listEmptyPins().includes(name));
});

test('a name that goes while names are listed is no fault', () => {
  createNamespace(name);
  deleteNamespace(name);
  // It is listed, and nothing is there.
  symlinkSync('/run/netns/nowhere', namespacePath(name));
  try {
    assert.ok(!listEmptyPins().includes(name) && !listNamespaces().includes(name));
  } finally {
    unlinkSync(namespacePath(name));
  }
});

test('the plain file that a crash left behind is deleted like a namespace', () => {
  createNamespace(name);
  deleteNamespace(name);
  writeFileSync(namespacePath(name), '');
  deleteNamespace(name);
  assert.ok(!listEmptyPins().includes(name));
});

test('deleting what is gone is success', () => {
  deleteNamespace(name);
  assert.equal(namespaceExists(name), false);
});

test('work that throws or returns a promise leaves the thread at home', () => {
  createNamespace(name);
  const enter = (work: () => unknown) => () => enterNamespace(namespacePath(name), work);
  assert.throws(
    enter(() => {
      throw new RangeError('no');
    }),
    RangeError,
  );
  assert.throws(
    enter(async () => {}),
    TypeError,
  );
  assert.equal(here(), home);
});

test('entering another namespace from within is refused', () => {
  createNamespace(name, () => {
    const inside = here();
    assert.throws(() => enterNamespace(namespacePath(''), here), /left before another/);
    assert.equal(here(), inside);
  });
  assert.equal(here(), home);
});

test('a creation that fails inside leaves nothing behind', () => {
  assert.throws(
    () =>
      createNamespace(name, () => {
        throw new RangeError('no');
      }),
    RangeError,
  );
  assert.equal(namespaceExists(name), false);
  assert.equal(here(), home);
});

test('sockets opened inside stay inside when Node adopts them', async () => {
  createNamespace(name);
  execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  const [server, client] = enterNamespace(
    namespacePath(name),
    () =>
      [
        openDatagramSocket({ family: 4, address: loopback, port: 53 }),
        openDatagramSocket({ family: 4, address: loopback, port: 0 }),
      ] as const,
  );
  const receiver = createSocket('udp4').bind({ fd: server });
  const sender = createSocket('udp4').bind({ fd: client });
  sender.send('hello', 53, '127.0.0.1');
  const [message] = await once(receiver, 'message');
  assert.equal(String(message), 'hello');
  receiver.close();
  sender.close();
});

test('the same port can be had for both families, and a second time not', () => {
  createNamespace(name, () => {
    const first = openStreamSocket({ family: 4, port: 80, listen: true });
    const second = openStreamSocket({ family: 6, port: 80, listen: true });
    assert.throws(() => openStreamSocket({ family: 4, port: 80, reuseAddress: true }), hasErrno('EADDRINUSE'));
    closeDescriptor(first);
    closeDescriptor(second);
  });
});

test('a named pipe is made once', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fairlead-'));
  const path = join(directory, 'pipe');
  makeFifo(path, 0o600);
  assert.ok(statSync(path).isFIFO());
  assert.throws(() => makeFifo(path, 0o600), hasErrno('EEXIST'));
  rmSync(directory, { recursive: true });
});

test('the pin directory is one shared mount point however many namespaces are made', () => {
  createNamespace(name);
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(' /run/netns '));
  assert.equal(mounts.length, 1);
  assert.match(mounts[0] ?? '', / shared:/);
});

test('a namespace that a process is in is found without a name, and its counters are read by the process', async () => {
  createNamespace(name);
  const child = spawn('nsenter', [`--net=${namespacePath(name)}`, 'sh', '-c', 'echo in; exec sleep 30'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    await once(child.stdout, 'data');
    const found = namespacesOfProcesses().find(({ inode }) => inode === namespaceInode(name));
    assert.equal(found?.pid, child.pid);
    using open = new OpenNamespace('', `/proc/${found?.pid}/ns/net`);
    assert.deepEqual(
      [...open.linkStatistics().keys()],
      open.links().map(({ index }) => index),
    );
    assert.deepEqual(
      open.links().map((link) => link.name),
      ['lo'],
    );
    assert.equal(open.isCurrent, true);
  } finally {
    child.kill();
  }
  assert.equal(namespaceInode('fl-test-nobody'), undefined);
});
