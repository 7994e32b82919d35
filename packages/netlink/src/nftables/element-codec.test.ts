import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeMessages, joinMessages } from '../message.ts';
import { NftTranscript } from '../transcript/nft-text.ts';
import type { FieldType, SetDefinition } from './definition.ts';
import { decodeElements, encodeElements, type SetElement } from './element-codec.ts';
import { decodeFields, encodeFields, totalLength, typeNumber, typesOf } from './field.ts';

const table = { family: 'inet', name: 'example' } as const;

function throughBytes(set: SetDefinition, elements: readonly SetElement[]): SetElement[] {
  const messages = encodeElements({ table, set }, 'add', elements).flatMap(({ message }) => decodeMessages(message));
  return decodeElements(set, messages);
}

const publish: SetDefinition = {
  name: 'publish',
  key: ['ipv4_addr', 'inet_proto', 'inet_service'],
  value: ['ipv4_addr', 'inet_service'],
};
const one: SetElement = { key: ['192.0.2.1', 'tcp', '8080'], value: ['172.17.0.2', '80'] };

test('fields of a concatenation are padded to words', () => {
  assert.equal(Buffer.from(encodeFields(publish.key, one.key)).toString('hex'), 'c0000201' + '06000000' + '1f900000');
  assert.deepEqual(decodeFields(publish.key, encodeFields(publish.key, one.key)), one.key);
  assert.throws(() => encodeFields(['ipv4_addr'], ['fd00::1']), /wrong address family/);
  assert.throws(() => encodeFields(['inet_service'], ['65536']), /not a number up to 65535/);
  assert.throws(() => encodeFields(['ifname'], ['sixteen-letters0']), /invalid interface name/);
});

test('type numbers are those of nft', () => {
  assert.equal(typeNumber(['inet_proto', 'inet_service']), 0x30d);
  assert.deepEqual(typesOf(typeNumber(publish.key), totalLength(publish.key)), publish.key);
  assert.throws(() => typesOf(63, 4), /unknown nftables data type 63/);
});

const cases: readonly [name: string, set: SetDefinition, elements: readonly SetElement[]][] = [
  ['of a set', { name: 's', key: ['ifname'] }, [{ key: ['br-a'] }, { key: ['lo'] }]],
  ['of a map', publish, [one]],
  [
    'with marks and hardware addresses',
    { name: 's', key: ['mark', 'ether_addr'] },
    [{ key: ['0x00000011', '02:42:00:00:00:01'] }],
  ],
  ['with unnamed protocols', { name: 's', key: ['inet_proto'] }, [{ key: ['ipv6-icmp'] }, { key: ['99'] }]],
  [
    'with intervals in a concatenation',
    { name: 's', key: ['inet_proto', 'inet_service'], value: ['ipv6_addr'], interval: true },
    [
      { key: ['tcp', '8000-8999'], value: ['fd00::2'] },
      { key: ['ipv6-icmp', '1'], value: ['fd00::3'] },
    ],
  ],
  [
    'with neighbouring intervals up to the highest value',
    { name: 's', key: ['ipv4_addr'], value: ['mark'], interval: true },
    [
      { key: ['1.1.1.1'], value: ['0x00000001'] },
      { key: ['10.0.0.0-10.0.0.255'], value: ['0x00000002'] },
      { key: ['10.0.1.0-10.0.1.9'], value: ['0x00000003'] },
      { key: ['255.255.255.0-255.255.255.255'], value: ['0x00000004'] },
    ],
  ],
];

for (const [name, set, elements] of cases) {
  test(`elements ${name} come back from their bytes`, () => assert.deepEqual(throughBytes(set, elements), elements));
}

test('any element comes back from its bytes', () => {
  const texts: Record<'inet_service' | 'ipv4_addr' | 'mark', fc.Arbitrary<string>> = {
    inet_service: fc.nat(65535).map(String),
    ipv4_addr: fc.ipV4(),
    mark: fc.nat(0xffff_ffff).map((mark) => `0x${mark.toString(16).padStart(8, '0')}`),
  };
  const key: FieldType[] = ['mark', 'ipv4_addr', 'inet_service'];
  fc.assert(
    fc.property(fc.tuple(texts.mark, texts.ipv4_addr, texts.inet_service), (fields) => {
      assert.deepEqual(throughBytes({ name: 's', key }, [{ key: fields }]), [{ key: fields }]);
    }),
  );
});

test('an interval must not end before it begins', () => {
  const set: SetDefinition = { name: 's', key: ['inet_proto', 'inet_service'], interval: true };
  assert.throws(() => throughBytes(set, [{ key: ['tcp', '9-8'] }]), /ends before it begins: 9-8/);
});

test('many elements go in several requests, none longer than an attribute can be', () => {
  const many = Array.from(
    { length: 5000 },
    (_, index): SetElement => ({ key: ['192.0.2.1', 'udp', `${index}`], value: ['172.17.0.2', `${index}`] }),
  );
  const requests = encodeElements({ table, set: publish }, 'add', many);
  assert.ok(requests.length > 1 && requests.every(({ message }) => message.length < 65536));
  assert.deepEqual(throughBytes(publish, many), many);
  assert.equal(requests[0]?.operation, 'add element inet example publish { 192.0.2.1 . udp . 0, … }');
});

test('a transcript knows elements by their set, and refuses to guess', () => {
  const bytes = joinMessages(
    [
      ...encodeElements({ table, set: publish }, 'add', [one]),
      ...encodeElements({ table, set: publish }, 'delete', [one]),
    ].map(({ message }) => message),
  );
  const transcript = new NftTranscript();
  assert.throws(() => transcript.render(bytes), /cannot print the set inet example publish/);
  transcript.learn('inet', 'example', publish);
  assert.deepEqual(transcript.render(bytes), [
    'add element inet example publish { 192.0.2.1 . tcp . 8080 : 172.17.0.2 . 80 }',
    'delete element inet example publish { 192.0.2.1 . tcp . 8080 }',
  ]);
});
