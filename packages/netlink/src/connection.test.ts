import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from '@fairlead/base';
import { AttributeWriter } from './attribute.ts';
import { NetlinkConnection, type NetlinkTransport } from './connection.ts';
import { decodeMessages, encodeMessage, type Message, messageFlag, messageType } from './message.ts';
import { NetlinkError } from './netlink-error.ts';

/** A kernel that answers each datagram with the datagrams that `answer` makes of its messages. */
class FakeTransport implements NetlinkTransport {
  readonly requests: Message[][] = [];
  #queue: Uint8Array[] = [];
  #answer: (requests: Message[], round: number) => Uint8Array[];

  constructor(answer: (requests: Message[], round: number) => Uint8Array[]) {
    this.#answer = answer;
  }
  send(bytes: Uint8Array): void {
    const messages = decodeMessages(bytes.slice());
    this.requests.push(messages);
    this.#queue.push(...this.#answer(messages, this.requests.length));
  }
  receive(): Uint8Array {
    const next = this.#queue.shift();
    if (next === undefined) throw new Error('would wait for ever');
    return next;
  }
}

function reply(type: number, flags: number, sequence: number, body: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter().u32(0).u16(type).u16(flags).u32(sequence).u32(0);
  body(writer);
  return writer.patchU32(0, writer.length).align(4).finish();
}

function acknowledge(request: Message | undefined, error = 0, words = ''): Uint8Array {
  const sequence = request?.sequence ?? 0;
  const flags = messageFlag.capped | (words === '' ? 0 : messageFlag.extended);
  return reply(messageType.error, flags, sequence, (writer) => {
    writer
      .i32(-error)
      .u32(16)
      .u16(request?.type ?? 0)
      .u16(0)
      .u32(sequence)
      .u32(0);
    if (words !== '') new AttributeWriter(writer).text(1, words).u32(2, 40);
  });
}

const request = (flags: number) => encodeMessage(16, flags, (writer) => writer.header.u32(7));
const value = (sequence: number, number: number, flags = 0) =>
  reply(16, flags, sequence, (writer) => writer.u32(number));
const done = (sequence: number, error = 0) =>
  reply(messageType.done, messageFlag.multipart, sequence, (writer) => writer.i32(-error));
const bodies = (messages: Message[]) => messages.map(({ body }) => body[0]);

test('a request is numbered and ends with its acknowledgement', () => {
  const transport = new FakeTransport(([message]) => [acknowledge(message)]);
  const connection = new NetlinkConnection(transport);
  connection.execute('one', request(messageFlag.acknowledge));
  connection.execute('two', request(messageFlag.acknowledge));
  assert.deepEqual(
    transport.requests.map(([message]) => message?.sequence),
    [1, 2],
  );
});

test('a refusal carries operation, errno, the kernel’s words and the offset', () => {
  const transport = new FakeTransport(([message]) => [acknowledge(message, 17, 'Name taken')]);
  assert.throws(
    () => new NetlinkConnection(transport).execute('add link web0', request(messageFlag.acknowledge)),
    (error) =>
      error instanceof NetlinkError &&
      error.message === 'add link web0: File exists (EEXIST): Name taken' &&
      error.errno === 'EEXIST' &&
      error.offset === 40,
  );
});

test('an error that quotes the whole request is understood too', () => {
  const transport = new FakeTransport(([message]) => [
    reply(messageType.error, messageFlag.extended, message?.sequence ?? 0, (writer) => {
      writer.i32(-22).u32(20).zeros(12).u32(7);
      new AttributeWriter(writer).text(1, 'bad');
    }),
  ]);
  assert.throws(() => new NetlinkConnection(transport).execute('x', request(4)), /x: Invalid argument \(EINVAL\): bad/);
});

test('a get without acknowledgement ends with its answer, an echo with the acknowledgement', () => {
  const get = new FakeTransport(([message]) => [value(message?.sequence ?? 0, 5)]);
  assert.deepEqual(bodies(new NetlinkConnection(get).execute('get', request(0))), [5]);
  const echo = new FakeTransport(([message]) => [value(message?.sequence ?? 0, 6), acknowledge(message)]);
  const answers = new NetlinkConnection(echo).execute('add', request(messageFlag.acknowledge | messageFlag.echo));
  assert.deepEqual(bodies(answers), [6]);
});

test('a dump is collected from all its datagrams, foreign numbers are skipped', () => {
  const transport = new FakeTransport(([message]) => {
    const sequence = message?.sequence ?? 0;
    return [value(99, 1), value(sequence, 2, 2), value(sequence, 3, 2), done(sequence)];
  });
  assert.deepEqual(bodies(new NetlinkConnection(transport).execute('dump', request(messageFlag.dump))), [2, 3]);
});

test('an interrupted dump is taken again', () => {
  const transport = new FakeTransport(([message], round) => {
    const sequence = message?.sequence ?? 0;
    return [value(sequence, round, round < 3 ? 2 | messageFlag.dumpInterrupted : 2), done(sequence)];
  });
  assert.deepEqual(bodies(new NetlinkConnection(transport).execute('dump', request(messageFlag.dump))), [3]);
});

test('a dump that never holds still is given up', () => {
  const transport = new FakeTransport(([message]) => [
    value(message?.sequence ?? 0, 1, 2 | messageFlag.dumpInterrupted),
    done(message?.sequence ?? 0),
  ]);
  const connection = new NetlinkConnection(transport);
  assert.throws(() => connection.execute('dump links', request(messageFlag.dump)), /dump links.*EAGAIN/);
  assert.equal(transport.requests.length, 8);
});

test('an error at the end of a dump is thrown', () => {
  const transport = new FakeTransport(([message]) => [done(message?.sequence ?? 0, 95)]);
  assert.throws(() => new NetlinkConnection(transport).execute('dump', request(messageFlag.dump)), /EOPNOTSUPP/);
});

const part = (operation: string, flags = 0, type = 20) => ({
  operation,
  message: encodeMessage(type, flags, (writer) => writer.header.u32(7)),
});

test('a batch goes out as one datagram and is over with its last acknowledgement', () => {
  const transport = new FakeTransport((messages) => [acknowledge(messages[1])]);
  new NetlinkConnection(transport).executeBatch([part('a'), part('b', messageFlag.acknowledge)]);
  assert.deepEqual(
    transport.requests.map((messages) => messages.map(({ sequence }) => sequence)),
    [[1, 2]],
  );
});

test('a batch throws its first failure', () => {
  const transport = new FakeTransport((messages) => [acknowledge(messages[1], 2), acknowledge(messages[2], 16)]);
  const batch = [part('a'), part('b'), part('c', messageFlag.acknowledge)];
  assert.throws(() => new NetlinkConnection(transport).executeBatch(batch), /^NetlinkError: b: .*ENOENT/);
});

test('a refused frame ends a batch although its parts stay unanswered', () => {
  const transport = new FakeTransport((messages) => [acknowledge(messages[0], 1)]);
  const batch = [part('begin', 0, 0x10), part('b', messageFlag.acknowledge)];
  assert.throws(() => new NetlinkConnection(transport).executeBatch(batch), /begin: .*EPERM/);
});
