import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import {
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  linkType,
  nameResolution,
  sectionHeader,
} from './pcapng.ts';
import { PcapngReader } from './pcapng-reader.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const ascii = (text: string) => Buffer.from(text).toString('hex');

/** Expected bytes, in the words of draft-ietf-opsawg-pcapng. */
const cases: [name: string, block: Uint8Array, expected: string][] = [
  [
    'a section header: magic, version 1.0, unknown length, comment, system, application',
    sectionHeader('abc'),
    `0a0d0d0a` +
      `40000000` +
      `4d3c2b1a01000000ffffffffffffffff` +
      `01000300${ascii('abc')}00` +
      `03000500${ascii('Linux')}000000` +
      `04000800${ascii('Fairlead')}` +
      `00000000` +
      `40000000`,
  ],
  [
    'an interface: Ethernet, 96 bytes kept, name, nanoseconds, filter as text',
    interfaceDescription({ name: 'web:eth0', linkType: linkType.ethernet, snapLength: 96, filter: 'tcp' }),
    `01000000` +
      `34000000` +
      `0100000060000000` +
      `02000800${ascii('web:eth0')}` +
      `0900010009000000` +
      `0b000400` +
      `00${ascii('tcp')}` +
      `00000000` +
      `34000000`,
  ],
  [
    'names: an address of four bytes, one of sixteen, the end',
    nameResolution([
      [parseIpAddress('10.9.1.2'), 'web'],
      [parseIpAddress('fd00::2'), 'db'],
    ]),
    `04000000` +
      `34000000` +
      `010008000a090102${ascii('web')}00` +
      `02001300fd000000000000000000000000000002${ascii('db')}00` +
      `00` +
      `00000000` +
      `34000000`,
  ],
  [
    'a packet: interface, time in two halves, kept and whole length, padding, comment, direction',
    enhancedPacket({
      interface: 2,
      time: 0x1_0000_0002n,
      bytes: Uint8Array.of(1, 2, 3, 4, 5),
      length: 60,
      direction: 'out',
      comment: 'hi',
    }),
    `06000000` +
      `3c000000` +
      `02000000` +
      `0100000002000000` +
      `050000003c000000` +
      `0102030405000000` +
      `01000200${ascii('hi')}0000` +
      `0200040002000000` +
      `00000000` +
      `3c000000`,
  ],
  [
    'a packet about which there is nothing to say has no options',
    enhancedPacket({ interface: 0, time: 1n, bytes: Uint8Array.of(9), length: 1 }),
    `0600000024000000` + `00000000` + `0000000001000000` + `0100000001000000` + `09000000` + `24000000`,
  ],
  [
    'counts: what the filter let through, and what was dropped',
    interfaceStatistics(1, 7n, { accepted: 5, dropped: 2 }),
    `05000000` +
      `34000000` +
      `010000000000000007000000` +
      `060008000500000000000000` +
      `070008000200000000000000` +
      `00000000` +
      `34000000`,
  ],
];

for (const [name, block, expected] of cases) {
  test(name, () => {
    assert.equal(hex(block), expected);
    assert.equal(block.length, Buffer.from(block).readUInt32LE(4));
    assert.equal(block.length, Buffer.from(block).readUInt32LE(block.length - 4));
  });
}

test('what was written is read again, in whatever pieces it comes', () => {
  const frame = Uint8Array.from({ length: 40 }, (_, index) => index);
  const file = Buffer.concat([
    sectionHeader(),
    nameResolution([[parseIpAddress('10.9.1.2'), 'web']]),
    interfaceDescription({ name: 'web:eth0', linkType: linkType.ethernet, snapLength: 0 }),
    enhancedPacket({ interface: 0, time: 5n, bytes: frame, length: 99, direction: 'in' }),
    interfaceDescription({ name: 'web:tun0', linkType: linkType.raw, snapLength: 0 }),
    enhancedPacket({ interface: 1, time: 2n ** 40n, bytes: frame, length: 40 }),
    interfaceStatistics(0, 9n, { accepted: 3, dropped: 1 }),
  ]);
  for (const size of [1, 7, file.length]) {
    const reader = new PcapngReader();
    const packets = Array.from({ length: Math.ceil(file.length / size) }, (_, index) =>
      reader.read(file.subarray(index * size, (index + 1) * size)),
    ).flat();
    assert.deepEqual(
      packets.map(({ packet, ...rest }) => ({ ...rest, packet: hex(packet) })),
      [
        { interface: 'web:eth0', time: 5n, length: 99, direction: 'in', packet: hex(frame.subarray(14)) },
        { interface: 'web:tun0', time: 2n ** 40n, length: 40, packet: hex(frame) },
      ],
    );
    assert.deepEqual([reader.packets, reader.dropped], [2, 1]);
  }
});
