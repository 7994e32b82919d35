import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IpAddress, ipToBytes, parseIpAddress } from '@fairlead/base';
import { carriedPlaces } from '../program/tag-search.ts';
import { type CarrierKind, readCarriedPacket } from './carried-packet.ts';
import { probePacket } from './probe-packet.ts';

const tag = 0x12345678;
const ends = {
  4: [parseIpAddress('192.0.2.2'), parseIpAddress('192.0.2.1')],
  6: [parseIpAddress('2001:db8::2'), parseIpAddress('2001:db8::1')],
} as const;
const inner = {
  4: { source: parseIpAddress('10.9.1.2'), destination: parseIpAddress('10.50.0.2') },
  6: { source: parseIpAddress('fd00::2'), destination: parseIpAddress('fd00::3') },
} as const;

function ip(family: 4 | 6, protocol: number, payload: readonly number[]): number[] {
  const [source, destination] = ends[family].map((address: IpAddress) => [...ipToBytes(address)]);
  const addresses = [...(source ?? []), ...(destination ?? [])];
  if (family === 4) return [0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0, ...addresses, ...payload];
  return [0x60, 0, 0, 0, 0, 0, protocol, 64, ...addresses, ...payload];
}

function udp(payload: readonly number[]): number[] {
  return [0xc0, 1, 0x12, 0xb5, 0, 0, 0, 0, ...payload];
}

const probes = ([4, 6] as const).flatMap((family) =>
  (['tcp', 'udp', 'icmp'] as const).map((protocol) => ({
    family,
    protocol,
    bytes: [...probePacket({ protocol, ...inner[family], sourcePort: 40_000, destinationPort: 80, tag })],
    frame: [...new Array<number>(12).fill(2), ...(family === 4 ? [8, 0] : [0x86, 0xdd])],
    type: family === 4 ? [8, 0] : [0x86, 0xdd],
  })),
);

/** How each kind is put into an IP packet. */
const carriers: readonly {
  readonly name: string;
  readonly kind: CarrierKind;
  readonly id?: number;
  readonly protocol: number;
  readonly wrap: (probe: (typeof probes)[number]) => number[];
}[] = [
  {
    name: 'VXLAN',
    kind: 'vxlan',
    id: 0x010203,
    protocol: 17,
    wrap: ({ frame, bytes }) => udp([8, 0, 0, 0, 1, 2, 3, 0, ...frame, ...bytes]),
  },
  {
    name: 'Geneve with an option',
    kind: 'geneve',
    id: 9,
    protocol: 17,
    wrap: ({ frame, bytes }) => udp([1, 0, 0x65, 0x58, 0, 0, 9, 0, 0, 0, 0, 0, ...frame, ...bytes]),
  },
  { name: 'GRE', kind: 'gre', protocol: 47, wrap: ({ type, bytes }) => [0, 0, ...type, ...bytes] },
  {
    name: 'GRE with a key',
    kind: 'gre',
    id: 7,
    protocol: 47,
    wrap: ({ type, bytes }) => [0x20, 0, ...type, 0, 0, 0, 7, ...bytes],
  },
  {
    name: 'frames in GRE',
    kind: 'gretap',
    protocol: 47,
    wrap: ({ frame, bytes }) => [0, 0, 0x65, 0x58, ...frame, ...bytes],
  },
];

for (const { name, kind, id, protocol, wrap } of carriers) {
  test(`a probe of any kind is found in ${name}, over both IP versions`, () => {
    for (const outer of [4, 6] as const) {
      for (const probe of probes) {
        const found = readCarriedPacket(Uint8Array.from(ip(outer, protocol, wrap(probe))), tag);
        assert.equal(found?.carrier?.kind, kind, `${probe.protocol} IPv${probe.family} in IPv${outer}`);
        assert.equal(found.carrier.id, id);
        assert.equal(found.carrier.header.destination, ends[outer][1]);
        assert.deepEqual([found.role, found.header.destination], ['request', inner[probe.family].destination]);
      }
    }
  });
}

test('wherever a tunnel puts the tag, the programs look for it', () => {
  const places: readonly number[] = [...carriedPlaces.aligned, ...carriedPlaces.odd];
  for (const { name, protocol, wrap } of carriers) {
    for (const outer of [4, 6] as const) {
      for (const probe of probes) {
        const packet = Buffer.from(ip(outer, protocol, wrap(probe)));
        const at = packet.indexOf(Uint8Array.of(0x12, 0x34, 0x56));
        assert.ok(places.includes(at), `${name}: ${probe.protocol} IPv${probe.family} in IPv${outer} at ${at}`);
      }
    }
  }
});

test('a probe is found in IP itself', () => {
  for (const { family, bytes } of probes) {
    const found = readCarriedPacket(Uint8Array.from(ip(4, family === 4 ? 4 : 41, bytes)), tag);
    assert.equal(found?.carrier?.kind, 'ipip');
  }
});

test('an error about the packet that carries it says so', () => {
  const [vxlan] = carriers;
  const [probe] = probes;
  assert.ok(vxlan && probe);
  for (const [family, icmp, type, code] of [
    [4, 1, 3, 3],
    [6, 58, 1, 4],
  ] as const) {
    const about: number[] = ip(family, 17, vxlan.wrap(probe));
    const found = readCarriedPacket(Uint8Array.from(ip(family, icmp, [type, code, 0, 0, 0, 0, 0, 0, ...about])), tag);
    assert.deepEqual([found?.role, found?.carrier, found?.about?.kind], ['error', undefined, 'vxlan']);
    assert.equal(found?.header.type, type);
  }
});

test('what carries another packet, or none, is left alone', () => {
  const [probe] = probes;
  assert.ok(probe);
  for (const { protocol, wrap } of carriers) {
    const bytes: Uint8Array = Uint8Array.from(ip(4, protocol, wrap(probe)));
    assert.equal(readCarriedPacket(bytes, tag + 8), undefined);
    for (let length = 0; length < bytes.length - probe.bytes.length; length++)
      assert.equal(readCarriedPacket(bytes.subarray(0, length), tag), undefined);
  }
  assert.equal(readCarriedPacket(Uint8Array.from(ip(4, 6, probe.bytes)), tag), undefined);
});
