import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter, parseIpAddress, parseMacAddress, parsePrefix } from '@fairlead/base';
import { AttributeWriter } from './attribute.ts';
import { encodeMessage, type Message } from './message.ts';
import { decodeNews, decodeRulesNews, lostEntriesOnly, type News } from './news.ts';

/** A notification: its fixed header, then attributes. */
function news(type: number, header: readonly number[], write: (writer: AttributeWriter) => void = () => {}): Message {
  const bytes = new ByteWriter().bytes(Uint8Array.from(header));
  write(new AttributeWriter(bytes));
  return { type, flags: 0, sequence: 0, body: bytes.finish() };
}

const link = (family: number, flags: number, change: number) => [
  ...[family, 0, 1, 0, 7, 0, 0, 0],
  ...[flags, 0, 0, 0, change & 255, (change >> 8) & 255, (change >> 16) & 255, change >>> 24],
];
/** ndmsg with a family and flags. */
const entry = (family: number, flags: number) => [family, 0, 0, 0, 7, 0, 0, 0, 0x40, 0, flags, 0];
const named = (writer: AttributeWriter) => void writer.text(3, 'br-app');
const forwarding = (index: number, value: number) => (writer: AttributeWriter) =>
  void writer.u32(1, index >>> 0).u32(2, value);

const cases: readonly (readonly [what: string, message: Message, news: News | undefined])[] = [
  ['a link goes', news(17, link(0, 0, 0xffff_ffff), named), { kind: 'link', name: 'br-app', how: 'removed' }],
  ['a bridge lets a port go', news(17, link(7, 1, 0), named), { kind: 'link', name: 'br-app', how: 'released' }],
  ['a link is set down', news(16, link(0, 0, 1), named), { kind: 'link', name: 'br-app', how: 'down' }],
  ['a link is made, and not up yet', news(16, link(0, 0, 0xffff_ffff), named), undefined],
  ['a link is set up', news(16, link(0, 1, 1), named), undefined],
  [
    'somebody is behind a port',
    news(16, [...link(0, 1, 0x1_0000).slice(0, 8), 1, 0, 1, 0, 0, 0, 1, 0], (writer) => {
      named(writer);
      writer.u32(4, 1500).u32(10, 3);
    }),
    { kind: 'port', name: 'br-app', mtu: 1500 },
  ],
  [
    'a link that is no port can be used',
    news(16, [...link(0, 1, 0x1_0000).slice(0, 8), 1, 0, 1, 0, 0, 0, 1, 0], (writer) => {
      named(writer);
      writer.u32(4, 1420);
    }),
    { kind: 'link-up', name: 'br-app', mtu: 1420 },
  ],
  [
    'a port that nobody is behind',
    news(16, link(0, 1, 0), (writer) => void writer.text(3, 'veth1').u32(10, 3)),
    undefined,
  ],
  ['a link loses its carrier', news(16, link(0, 1, 0x10000), named), undefined],
  [
    'an IPv4 address goes',
    news(21, [2, 24, 0, 0, 7, 0, 0, 0], (writer) => void writer.bytes(2, Uint8Array.of(10, 0, 0, 1))),
    { kind: 'address', address: parseIpAddress('10.0.0.1') },
  ],
  [
    'an address comes',
    news(20, [2, 24, 0, 0, 7, 0, 0, 0], (writer) => void writer.bytes(2, Uint8Array.of(10, 0, 0, 1))),
    { kind: 'address-added', address: parseIpAddress('10.0.0.1') },
  ],
  [
    'a route goes',
    news(25, [2, 24, 0, 0, 254, 2, 253, 1, 0, 0, 0, 0], (writer) => void writer.bytes(1, Uint8Array.of(10, 0, 0, 0))),
    { kind: 'route', destination: parsePrefix('10.0.0.0/24') },
  ],
  [
    'the default route goes',
    news(25, [10, 0, 0, 0, 254, 4, 0, 1, 0, 0, 0, 0]),
    { kind: 'route', destination: parsePrefix('::/0') },
  ],
  [
    'a route comes',
    news(24, [2, 8, 0, 0, 254, 4, 0, 1, 0, 0, 0, 0], (writer) => void writer.bytes(1, Uint8Array.of(10, 0, 0, 0))),
    { kind: 'route-added', destination: parsePrefix('10.0.0.0/8') },
  ],
  [
    'a route for small packets comes',
    news(24, [2, 8, 0, 0, 254, 4, 0, 1, 0, 0, 0, 0], (writer) => {
      writer.bytes(1, Uint8Array.of(10, 0, 0, 0)).nested(8, (metrics) => metrics.u32(2, 1400));
    }),
    { kind: 'route-added', destination: parsePrefix('10.0.0.0/8'), mtu: 1400 },
  ],
  [
    'a blackhole comes',
    news(24, [2, 8, 0, 0, 254, 4, 0, 6, 0, 0, 0, 0], (writer) => void writer.bytes(1, Uint8Array.of(10, 0, 0, 0))),
    { kind: 'route-added', destination: parsePrefix('10.0.0.0/8') },
  ],
  [
    'a route comes in the table of a VPN',
    news(24, [2, 8, 0, 0, 252, 4, 0, 1, 0, 0, 0, 0], (writer) => {
      writer.bytes(1, Uint8Array.of(10, 0, 0, 0)).u32(15, 51820);
    }),
    { kind: 'route-added', destination: parsePrefix('10.0.0.0/8'), table: 51820 },
  ],
  ['a route goes from there', news(25, [2, 8, 0, 0, 252, 4, 0, 1, 0, 0, 0, 0]), { kind: 'policy' }],
  ['a rule comes', news(32, [2, 0, 0, 0, 52, 0, 0, 1, 0, 0, 0, 0]), { kind: 'policy' }],
  ['a rule goes', news(33, [10, 0, 0, 0, 52, 0, 0, 1, 0, 0, 0, 0]), { kind: 'policy' }],
  ['a route of the local table comes', news(24, [2, 32, 0, 0, 255, 2, 254, 2, 0, 0, 0, 0]), undefined],
  ['a route of the local table goes', news(25, [2, 32, 0, 0, 255, 2, 254, 2, 0, 0, 0, 0]), undefined],
  [
    'an entry that holds a container to its port goes',
    news(29, entry(7, 0x40), (writer) => void writer.bytes(2, Uint8Array.of(2, 0x42, 0, 0, 0, 9))),
    { kind: 'fdb', mac: parseMacAddress('02:42:00:00:00:09') },
  ],
  ['an entry that was learnt goes', news(29, entry(7, 0)), undefined],
  ['a neighbour goes', news(29, entry(2, 0x40)), undefined],
  ['forwarding is switched off', news(80, [2, 0, 0, 0], forwarding(-1, 0)), { kind: 'forwarding', family: 4 }],
  ['forwarding of IPv6 is switched off', news(80, [10, 0, 0, 0], forwarding(-1, 0)), { kind: 'forwarding', family: 6 }],
  ['forwarding is switched on', news(80, [2, 0, 0, 0], forwarding(-1, 1)), undefined],
  ['one link does not forward', news(80, [2, 0, 0, 0], forwarding(3, 0)), undefined],
];

for (const [what, message, loss] of cases) test(`${what}`, () => assert.deepEqual(decodeNews(message), loss));

test('rules and what holds them are told with their table, elements are not told', () => {
  const inTable = (type: number) =>
    decodeRulesNews(news(type, [1, 0, 0, 0], (writer) => void writer.text(1, 'fairlead')));
  for (const type of [0xa02, 0xa1a, 0xa05, 0xa08, 0xa0b])
    assert.deepEqual(inTable(type), { kind: 'rules', table: 'fairlead' });
  for (const type of [0xa00, 0xa0c, 0xa0e, 0xa0f]) assert.equal(inTable(type), undefined);
});

test('the filter leaves nothing but entries that stay with their port, and are lost', () => {
  const message = (type: number, family: number, flags: number) =>
    encodeMessage(type, 0, (writer) => void writer.header.bytes(Uint8Array.from(entry(family, flags))));
  const kept = (bytes: Uint8Array): number => {
    for (let [at, value] = [0, 0]; ; at++) {
      const { code, jt, jf, k } = lostEntriesOnly[at] ?? assert.fail('it ends');
      if (code === 0x06) return k;
      if (code === 0x30) value = bytes[k] ?? 0;
      else at += (code === 0x15 ? value === k : (value & k) !== 0) ? jt : jf;
    }
  };
  const cases = [message(29, 7, 0x40), message(28, 7, 0x40), message(29, 2, 0x40), message(29, 7, 0)];
  assert.deepEqual(
    cases.map((bytes) => kept(bytes) > 0),
    [true, false, false, false],
  );
});
