import assert from 'node:assert/strict';
import { test } from 'node:test';
import { familyOf, parseIpAddress } from '@fairlead/base';
import { tagPlaces } from '../program/tag-search.ts';
import { type PacketRole, type ProbeProtocol, readPacketHeader, roleOf } from './packet-header.ts';
import { probePacket } from './probe-packet.ts';

const tag = 0xfffffffe;
const ends = {
  4: { source: parseIpAddress('10.9.0.2'), destination: parseIpAddress('192.0.2.1') },
  6: { source: parseIpAddress('fd00::2'), destination: parseIpAddress('2001:db8::1') },
} as const;
const protocols: readonly ProbeProtocol[] = ['tcp', 'udp', 'icmp'];

function probe(protocol: ProbeProtocol, family: 4 | 6, size?: number): Uint8Array {
  const base = { protocol, ...ends[family], sourcePort: 40_000, destinationPort: 80, tag };
  return probePacket(size === undefined ? base : { ...base, size });
}

/** The ones' complement sum over all of it is zero when every checksum is right. */
function sum(parts: readonly Uint8Array[]): number {
  let total = 0;
  for (const part of parts)
    for (let at = 0; at < part.length; at += 2) total += ((part[at] ?? 0) << 8) | (part[at + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return ~total & 0xffff;
}

for (const family of [4, 6] as const) {
  for (const protocol of protocols) {
    test(`a probe by ${protocol} over IPv${family} can be read again, and is the request`, () => {
      const header = readPacketHeader(probe(protocol, family));
      assert.ok(header !== undefined);
      assert.equal(header.source, ends[family].source);
      assert.equal(header.destination, ends[family].destination);
      assert.equal(familyOf(header.source), family);
      assert.equal(roleOf(header, tag), 'request');
      assert.equal(roleOf(header, tag - 7), undefined);
      if (protocol !== 'icmp') assert.equal(header.destinationPort, 80);
      if (protocol === 'tcp') assert.deepEqual(header.flags, ['SYN']);
    });

    test(`a probe by ${protocol} over IPv${family} has its tag where the programs look`, () => {
      const bytes = probe(protocol, family);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const [own = 0] = tagPlaces[family].own;
      const [next = 0] = tagPlaces[family].next;
      if (protocol === 'tcp') assert.equal(view.getUint32(own), tag);
      else assert.equal(view.getUint32(next), tag + 1);
    });

    test(`the checksums of a probe by ${protocol} over IPv${family} are right`, () => {
      const bytes = probe(protocol, family);
      const length = family === 4 ? 20 : 40;
      const number = { tcp: 6, udp: 17, icmp: family === 4 ? 1 : 58 }[protocol];
      const segment = bytes.subarray(length);
      const addresses = family === 4 ? bytes.subarray(12, 20) : bytes.subarray(8, 40);
      const pseudo = Uint8Array.of(0, 0, 0, segment.length, 0, 0, 0, number);
      assert.equal(sum(number === 1 ? [segment] : [addresses, pseudo, segment]), 0);
      if (family === 4) assert.equal(sum([bytes.subarray(0, 20)]), 0);
    });
  }

  test(`a probe over IPv${family} is as long as was asked for`, () => {
    assert.equal(probe('udp', family, 1400).length, 1400);
    assert.equal(probe('icmp', family, 1500).length, 1500);
  });
}

/** An ICMP error about a packet, without checksums. */
function errorAbout(packet: Uint8Array, family: 4 | 6, type: number, code: number, mtu = 0): Uint8Array {
  const head = probe('icmp', family).slice(0, family === 4 ? 20 : 40);
  const icmp = new Uint8Array(8);
  const view = new DataView(icmp.buffer);
  view.setUint8(0, type);
  view.setUint8(1, code);
  view.setUint32(4, mtu);
  return Uint8Array.from([...head, ...icmp, ...packet]);
}

test('errors about the probe are told from errors about others, in both families', () => {
  const cases: [family: 4 | 6, type: number, code: number, role: PacketRole | undefined][] = [
    [4, 3, 1, 'error'],
    [4, 11, 0, 'error'],
    [6, 1, 3, 'error'],
    [6, 2, 0, 'error'],
  ];
  for (const [family, type, code, role] of cases) {
    for (const protocol of protocols) {
      const header = readPacketHeader(errorAbout(probe(protocol, family), family, type, code));
      assert.ok(header !== undefined);
      assert.equal(roleOf(header, tag), role, `${protocol} IPv${family}`);
      assert.equal(roleOf(header, 42), undefined);
    }
  }
});

test('"too big" says what would fit', () => {
  assert.equal(readPacketHeader(errorAbout(probe('udp', 4), 4, 3, 4, 1300))?.fittingMtu, 1300);
  assert.equal(readPacketHeader(errorAbout(probe('udp', 6), 6, 2, 0, 1280))?.fittingMtu, 1280);
});

test('what is not IP, or cut short, is no packet', () => {
  assert.equal(readPacketHeader(new Uint8Array(0)), undefined);
  assert.equal(readPacketHeader(Uint8Array.of(0x45, 0, 0)), undefined);
  assert.equal(readPacketHeader(new Uint8Array(64)), undefined);
});
