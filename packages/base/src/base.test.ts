import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteReader, ByteWriter, giveBack } from './bytes.ts';
import {
  codeOf,
  FairleadError,
  httpStatusOf,
  isConflict,
  isNotFound,
  messageOf,
  settleAll,
  withPrefix,
} from './errors.ts';
import { isIdentifierPrefix, newIdentifier, shortIdentifier } from './identifier.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import { localMacAddress, macFromBytes, macToBytes, parseMacAddress } from './mac-address.ts';

test('integers of all widths are read as they were written, however often the buffer had to grow', () => {
  const values = fc.array(fc.tuple(fc.nat(0xff), fc.nat(0xffff), fc.nat(0xffffffff), fc.bigInt(0n, 2n ** 64n - 1n)));
  fc.assert(
    fc.property(values, (rows) => {
      const writer = new ByteWriter(1);
      for (const [a, b, c, d] of rows) writer.u8(a).u16(b).u16be(b).u32(c).u32be(c).u64(d).u64be(d).align(4);
      const reader = new ByteReader(writer.finish());
      for (const [a, b, c, d] of rows) {
        assert.deepEqual([reader.u8(), reader.u16(), reader.u16be(), reader.u32(), reader.u32be()], [a, b, b, c, c]);
        assert.deepEqual([reader.u64(), reader.u64be()], [d, d]);
        reader.skip((4 - (reader.offset % 4)) % 4);
      }
      assert.equal(reader.remaining, 0);
    }),
  );
});

test('reading past the end is an error, not a zero', () => {
  assert.throws(() => new ByteReader(new Uint8Array(3)).u32(), RangeError);
});

test('a length is filled in when it is known', () => {
  const writer = new ByteWriter().u16(0).bytes(Uint8Array.of(1, 2, 3));
  assert.deepEqual([...writer.patchU16(0, writer.length).finish()], [5, 0, 1, 2, 3]);
});

test('each code has its HTTP status, and foreign errors are internal', () => {
  assert.equal(httpStatusOf(new FairleadError('not-found', 'x')), 404);
  assert.equal(httpStatusOf(new FairleadError('conflict', 'x')), 409);
  assert.equal(httpStatusOf(new TypeError('x')), 500);
  assert.equal(codeOf('text'), 'internal');
  assert.ok(isNotFound(new FairleadError('not-found', '')) && isConflict(new FairleadError('conflict', '')));
});

test('a prefix keeps code and cause', () => {
  const cause = new FairleadError('conflict', 'taken');
  const error = withPrefix('start: ', cause);
  assert.deepEqual([error.code, error.message, error.cause], ['conflict', 'start: taken', cause]);
  assert.equal(messageOf(42), '42');
});

test('tear-down goes on after a failure and reports every one', async () => {
  const done: number[] = [];
  const steps = [() => void done.push(1), () => Promise.reject(new Error('a')), () => void done.push(2)];
  await assert.rejects(settleAll(steps), /^Error: a$/);
  assert.deepEqual(done, [1, 2]);
  const both = [() => Promise.reject(new Error('a')), () => Promise.reject(new Error('b'))];
  await assert.rejects(settleAll(both), (error) => error instanceof AggregateError && error.errors.length === 2);
});

test('work under one key is done in turns, also after a failure', async () => {
  const mutex = new KeyedMutex();
  const order: string[] = [];
  const slow = mutex.run('a', async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    order.push('slow');
    throw new Error('stop');
  });
  const next = mutex.run('a', () => void order.push('next'));
  const other = mutex.run('b', () => void order.push('other'));
  await Promise.allSettled([slow, next, other]);
  assert.deepEqual(order, ['other', 'slow', 'next']);
});

test('identifiers are 64 hexadecimal digits and found by their beginning', () => {
  const id = newIdentifier();
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.equal(shortIdentifier(id).length, 12);
  assert.ok(isIdentifierPrefix(shortIdentifier(id)) && !isIdentifierPrefix('web'));
});

test('MAC addresses have one text, and made-up ones are local and unicast', () => {
  assert.equal(parseMacAddress('02-42-AC-11-00-02'), '02:42:ac:11:00:02');
  assert.throws(() => parseMacAddress('02:42'), { code: 'invalid-argument' });
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
      assert.deepEqual(macToBytes(macFromBytes(bytes)), Uint8Array.from(bytes));
      assert.equal((macToBytes(localMacAddress(bytes))[0] ?? 0) & 3, 2);
    }),
  );
});

test('memory is given back unless it is shared', () => {
  const [own, shared] = [Buffer.allocUnsafeSlow(64), Buffer.from('shared')];
  giveBack(own);
  giveBack(shared);
  assert.deepEqual([own.length, own.buffer.detached, shared.toString()], [0, true, 'shared']);
  giveBack(own);
});
