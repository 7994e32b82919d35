import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogMessage } from './log-message.ts';
import { RemoteLog } from './remote-log.ts';

/** A receiver that takes a message whenever it is told to. */
class SlowReceiver {
  readonly taken: string[] = [];
  readonly failures: unknown[] = [];
  fail = false;
  closed = false;
  #gate = Promise.withResolvers<void>();

  constructor(isOpen: boolean) {
    if (isOpen) this.open();
  }

  readonly onFailure = (error: unknown): void => void this.failures.push(error);

  open(): void {
    this.#gate.resolve();
  }

  async connect(): Promise<void> {}

  async send({ line }: LogMessage): Promise<void> {
    await this.#gate.promise;
    if (this.fail) throw new Error('gone');
    this.taken.push(line.toString());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
  }
}

const lines = (...texts: string[]) => ({
  stream: 'stdout' as const,
  data: Buffer.from(texts.map((text) => `${text}\n`).join('')),
});

test('messages arrive in order, the last one too, and empty lines do not', async () => {
  const receiver = new SlowReceiver(true);
  const log = new RemoteLog(receiver, receiver);
  assert.equal(log.write(lines('a', '', 'b')), undefined);
  void log.write({ stream: 'stdout', data: Buffer.from('end') });
  await log.close();
  assert.deepEqual(receiver.taken, ['a', 'b', 'end']);
  assert.ok(receiver.closed);
  void log.write(lines('late'));
  assert.deepEqual(receiver.taken, ['a', 'b', 'end']);
});

test('a container waits for a receiver that is slow', async () => {
  const receiver = new SlowReceiver(false);
  const log = new RemoteLog(receiver, receiver);
  const line = 'x'.repeat(10_000);
  let waits: undefined | Promise<void>;
  let written = 0;
  for (; waits === undefined; written++) waits = log.write(lines(line));
  assert.equal(written, Math.ceil((1 << 20) / line.length));
  receiver.open();
  await waits;
  await log.close();
  assert.equal(receiver.taken.length, written);
});

test('without blocking what is too much is dropped, and what came before is sent', async () => {
  const receiver = new SlowReceiver(false);
  const log = new RemoteLog(receiver, { ...receiver, onFailure: receiver.onFailure, dropBeyond: 25 });
  const ten = '0123456789';
  assert.equal(log.write(lines(`${ten}a`, `${ten}b`, `${ten}c`, `${ten}d`)), undefined);
  receiver.open();
  await log.close();
  assert.deepEqual(receiver.taken, [`${ten}a`, `${ten}b`]);
});

test('that messages get lost is said once, until one arrives again', async () => {
  const receiver = new SlowReceiver(true);
  const log = new RemoteLog(receiver, receiver);
  const settled = async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  receiver.fail = true;
  void log.write(lines('a', 'b'));
  await settled();
  assert.equal(receiver.failures.length, 1);
  receiver.fail = false;
  void log.write(lines('c'));
  await settled();
  receiver.fail = true;
  void log.write(lines('d'));
  await log.close();
  assert.equal(receiver.failures.length, 2);
  assert.deepEqual(receiver.taken, ['c']);
});
