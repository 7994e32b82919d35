import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairleadError, type IpAddress, ipFromBytes, ipToBytes } from '@fairlead/base';
import fc from 'fast-check';
import { MessageWriter } from './message-writer.ts';
import { addressOfReverseName, foldName, labelsOf, readName, skipName } from './name.ts';

const malformed = (error: unknown) => error instanceof FairleadError && error.code === 'invalid-argument';

test('names compare without case and without the dot at the end', () => {
  assert.equal(foldName('Web.Front.'), 'web.front');
  assert.equal(foldName('web\\.'), 'web\\.');
});

test('a name of any octets survives writing and reading', () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(label, { maxLength: 8 }), (labels) => {
      const octets = Uint8Array.from([...labels.flatMap((each) => [each.length, ...each]), 0]);
      const { name, end } = readName(octets, 0);
      assert.equal(end, octets.length);
      assert.equal(skipName(octets, 0), octets.length);
      assert.deepEqual(new MessageWriter().name(name).finish(), octets);
    }),
  );
});

test('a name that was written before is pointed to', () => {
  const octets = new MessageWriter().name('web.front').name('db.front').name('web.front').finish();
  assert.equal(octets.toHex(), '0377656205' + '66726f6e7400' + '026462c004' + 'c000');
  assert.deepEqual(readName(octets, 11), { name: 'db.front', end: 16 });
  assert.deepEqual(readName(octets, 16), { name: 'web.front', end: 18 });
});

for (const [what, hex] of [
  ['points to itself', 'c000'],
  ['points forward', 'c00200'],
  ['loops over a label', '0161c000'],
  ['ends inside a label', '0561'],
  ['has no end', '0161'],
  ['ends inside a pointer', '0161c0'],
  ['uses a reserved label type', '8061'],
  ['is longer than 255 octets', `${`3f${'61'.repeat(63)}`.repeat(4)}00`],
] as const) {
  test(`a name that ${what} is refused`, () => {
    assert.throws(() => readName(Uint8Array.fromHex(hex), 0), malformed);
  });
}

for (const name of ['a..b', '.a', 'x'.repeat(64), `${'x'.repeat(63)}.`.repeat(4)]) {
  test(`${name.slice(0, 10)} (${name.length} characters) cannot be written`, () => {
    assert.throws(() => labelsOf(name), malformed);
  });
}

test('reverse names are those of RFC 1035 and RFC 3596', () => {
  const v4 = ipFromBytes(Uint8Array.of(172, 18, 0, 2));
  assert.equal(addressOfReverseName('2.0.18.172.IN-ADDR.ARPA.'), v4);
  for (const other of ['18.172.in-addr.arpa', '300.0.18.172.in-addr.arpa', 'x.ip6.arpa', 'web', 'in-addr.arpa']) {
    assert.equal(addressOfReverseName(other), undefined);
  }
});

function reverseName(address: IpAddress): string {
  const bytes = ipToBytes(address);
  if (bytes.length === 4) return `${[...bytes].reverse().join('.')}.in-addr.arpa`;
  return `${[...bytes.toHex()].reverse().join('.')}.ip6.arpa`;
}

test('every address is found again from its reverse name', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(bytes, (each) => {
      const address = ipFromBytes(each);
      assert.equal(addressOfReverseName(reverseName(address)), address);
    }),
  );
});
