import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairleadError, ipFromBytes, parseIpAddress } from '@fairlead/base';
import fc from 'fast-check';
import { decodeMessage, encodeMessage, type Message, type ResourceRecord } from './message.ts';
import { layoutOf } from './message-layout.ts';
import type { RecordData } from './record-data.ts';

const records: readonly (readonly [RecordData, string])[] = [
  [{ type: 'A', address: parseIpAddress('10.0.0.1') }, '0a000001'],
  [{ type: 'AAAA', address: parseIpAddress('fd00::1') }, 'fd000000000000000000000000000001'],
  [{ type: 'PTR', target: 'web.front' }, '03776562c00c'],
  [{ type: 'CNAME', target: 'front' }, 'c00c'],
  [{ type: 'NS', target: 'ns.front' }, '026e73c00c'],
  [{ type: 'MX', preference: 10, exchange: 'mail.front' }, '000a046d61696cc00c'],
  [{ type: 'TXT', strings: [Uint8Array.of(0x61), new Uint8Array()] }, '016100'],
  [{ type: 'SRV', priority: 1, weight: 2, port: 80, target: 'web.front' }, '000100020050037765620566726f6e7400'],
  [
    { type: 'SOA', primary: 'ns.front', mailbox: 'me.front', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 },
    '026e73c00c026d65c00c0000000100000002000000030000000400000005',
  ],
  [{ type: 'OTHER', number: 65, octets: Uint8Array.of(0, 1, 0) }, '000100'],
];

for (const [data, hex] of records) {
  test(`${data.type} data is written as RFC 1035 and its successors have it`, () => {
    const message = encodeMessage({
      id: 1,
      response: true,
      questions: [{ name: 'front', type: 255, class: 1 }],
      answers: [{ name: 'front', ttl: 5, data }],
    });
    const [record] = layoutOf(message).records;
    assert.equal(message.subarray((record?.ttlOffset ?? 0) + 6).toHex(), hex);
    assert.deepEqual(decodeMessage(message).answers, [{ name: 'front', ttl: 5, data }]);
  });
}

test('a query with EDNS is written octet for octet', () => {
  const query: Message = {
    id: 0x1234,
    recursionDesired: true,
    questions: [{ name: 'web', type: 1, class: 1 }],
    edns: { payloadSize: 1232, dnssecOk: true },
  };
  const hex =
    '1234' + '0100' + '0001000000000001' + '0377656200' + '00010001' + '00' + '0029' + '04d0' + '00008000' + '0000';
  assert.equal(encodeMessage(query).toHex(), hex);
  assert.deepEqual(decodeMessage(Uint8Array.fromHex(hex)).edns, {
    payloadSize: 1232,
    dnssecOk: true,
    version: 0,
    extendedCode: 0,
  });
});

const plain = { noNullPrototype: true } as const;
const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/);
const name = fc.array(label, { maxLength: 4 }).map((labels) => labels.join('.'));
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0x7fffffff);
const data: fc.Arbitrary<RecordData> = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => ({ type: 'A', address: ipFromBytes(bytes) }) as const),
  fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .map((bytes) => ({ type: 'AAAA', address: ipFromBytes(bytes) }) as const),
  fc.record({ type: fc.constantFrom('NS', 'CNAME', 'PTR'), target: name }, plain),
  fc.record({ type: fc.constant('MX'), preference: u16, exchange: name }, plain),
  fc.record({ type: fc.constant('SRV'), priority: u16, weight: u16, port: u16, target: name }, plain),
  fc.record(
    { type: fc.constant('TXT'), strings: fc.array(fc.uint8Array({ maxLength: 255 }), { maxLength: 3 }) },
    plain,
  ),
  fc.record({ type: fc.constant('OTHER'), number: fc.constantFrom(64, 65, 257), octets: fc.uint8Array() }, plain),
);
const record: fc.Arbitrary<ResourceRecord> = fc.record({ name, ttl: u32, data }, plain);
const section = fc.array(record, { maxLength: 4 });

test('every message survives writing and reading', () => {
  const message = fc.record(
    {
      id: u16,
      response: fc.constant(true),
      opcode: fc.nat(15),
      code: fc.nat(15),
      questions: fc.array(fc.record({ name, type: u16, class: u16 }, plain), { maxLength: 2 }),
      answers: section,
      authorities: section,
      additionals: section,
    },
    plain,
  );
  fc.assert(fc.property(message, (each) => assert.deepEqual(decodeMessage(encodeMessage(each)), each)));
});

test('octets that are no message are refused with our error, whatever they are', () => {
  const good = encodeMessage({
    id: 1,
    questions: [{ name: 'a.b', type: 1, class: 1 }],
    answers: records.map(([each]) => ({ name: 'a.b', ttl: 1, data: each })),
  });
  const damaged = fc.record({ at: fc.nat(good.length - 1), value: fc.nat(255), length: fc.nat(good.length) });
  const harmed = damaged.map(({ at, value, length }) => good.with(at, value).subarray(0, length));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), harmed), (octets) => {
      for (const read of [decodeMessage, layoutOf]) {
        try {
          read(octets);
        } catch (error) {
          assert.ok(error instanceof FairleadError && error.code === 'invalid-argument', String(error));
        }
      }
    }),
    { numRuns: 2000 },
  );
});
