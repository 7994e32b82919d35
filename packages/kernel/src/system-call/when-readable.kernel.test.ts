import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const flow = new URL('../socket/datagram-flow.ts', import.meta.url).href;

/** Gets two datagrams, and cannot cope with the first. */
const program = `
import { createSocket } from 'node:dgram';
const { openDatagramFlow } = await import(process.argv[1]);
process.on('unhandledRejection', ({ message }) => console.log(message));
const server = createSocket('udp4').on('message', (text, { port, address }) => server.send(text, port, address));
await new Promise((listening) => server.bind(0, '127.0.0.1', listening));
const flow = openDatagramFlow('127.0.0.1', server.address().port, (datagram) => {
  const text = Buffer.from(datagram).toString();
  if (text === 'bad') throw new Error('cannot cope with it');
  console.log(text);
  flow[Symbol.dispose]();
  server.close();
});
flow.send(Buffer.from('bad'));
setTimeout(() => flow.send(Buffer.from('good')), 50);
`;

test('a fault in the work on one packet does not end a program that goes on after faults', () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program, flow], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.deepEqual([stdout, status], ['cannot cope with it\ngood\n', 0], stderr);
});
