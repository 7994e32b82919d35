import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { probePacket } from '../packet/probe-packet.ts';
import { dropProgram } from './drop-program.ts';
import { decodeEventRecord, recordField, recordLength } from './event-record.ts';
import { type KernelLayout, type TracepointName, VIEWED } from './kernel-layout.ts';
import { packetProgram } from './packet-program.ts';
import { PASSING_LENGTH } from './passing-traffic.ts';
import { carriedPlaces, tagPlaces, tagWord } from './tag-search.ts';
import { descriptors, ProgramMachine, places, type Run, view } from './testing/program-machine.ts';

const layout: KernelLayout = {
  tracepoints: {
    kfree_skb: { typeId: 7, packet: 0, location: 1, reason: 2 },
    netif_receive_skb: { typeId: 8, packet: 0 },
    net_dev_start_xmit: { typeId: 9, packet: 0 },
  },
  packet: { device: 16, socket: 24, length: 112, mark: 164, head: 192, data: 200, networkHeader: 180 },
  device: { index: 224, name: 280, namespace: 264 },
  socketNamespace: 48,
  namespaceNumber: 176,
  task: { processId: 1268, program: 1752, namespaces: 1840 },
  network: 40,
  reasons: new Map(),
  view,
};
const { view: _, ...withoutView } = layout;
const TAG = 0x12345678;

function machine(tag = TAG): ProgramMachine {
  const made = new ProgramMachine();
  const pointers: [number, number][] = [
    [places.context, places.packet],
    [places.packet + layout.packet.device, places.device],
    [places.packet + layout.packet.data, places.bytes],
    [places.packet + layout.packet.head, places.bytes],
    [places.device + layout.device.namespace, places.namespace],
  ];
  for (const [at, to] of pointers) made.memory.setBigUint64(at, BigInt(to), true);
  made.memory.setUint32(places.device + layout.device.index, 3, true);
  made.memory.setUint32(places.namespace + layout.namespaceNumber, 77, true);
  made.memory.setUint32(places.tag, tagWord(tag), true);
  return made;
}

function pass(
  bytes: Uint8Array,
  tracepoint: TracepointName = 'netif_receive_skb',
  at = machine(),
  known: KernelLayout = layout,
): Run {
  new Uint8Array(at.memory.buffer).fill(0, places.bytes, places.tag);
  new Uint8Array(at.memory.buffer).set(bytes, places.bytes);
  return at.run(packetProgram({ layout: known, tracepoint, ...descriptors }));
}

/** A packet of zeros but for its first byte, its protocol, and a tag of which only the first three bytes count. */
function packetWith(version: 4 | 6, protocol: number, place: number, tag = TAG): Uint8Array {
  const bytes = new Uint8Array(recordField.packet.length);
  bytes[0] = version === 4 ? 0x45 : 0x60;
  bytes[version === 4 ? 9 : 6] = protocol;
  new DataView(bytes.buffer).setUint32(place, (tag & 0xffff_ff00) >>> 0);
  // SYN.
  if (protocol === 6) bytes[version === 4 ? 33 : 53] = 2;
  return bytes;
}

test('the fields of a record lie one behind the other and fill it', () => {
  let end = 0;
  for (const { at, length } of Object.values(recordField)) {
    assert.equal(at, end);
    end += length;
  }
  assert.equal(end, recordLength);
});

for (const protocol of ['tcp', 'udp', 'icmp'] as const) {
  for (const [source, destination] of [
    ['10.9.1.2', '10.9.1.3'],
    ['fd00:9:1::2', 'fd00:9:1::3'],
  ] as const) {
    test(`a probe by ${protocol} to ${destination} is reported with its interface and namespace`, () => {
      const ends = { source: parseIpAddress(source), destination: parseIpAddress(destination) };
      const bytes = probePacket({ protocol, ...ends, sourcePort: 40_000, destinationPort: 80, tag: TAG });
      const [record, ...more] = pass(bytes).records.map(decodeEventRecord);
      assert.equal(more.length, 0);
      assert.deepEqual(record?.bytes.subarray(0, bytes.length), bytes);
      assert.deepEqual([record?.namespace, record?.device?.index], [77, 3]);
      assert.equal(record?.packetAddress, BigInt(places.packet));
    });
  }
}

test('the tag is found wherever it can be, in its first three bytes', () => {
  for (const version of [4, 6] as const) {
    for (const place of [...tagPlaces[version].own, ...tagPlaces[version].next]) {
      assert.equal(pass(packetWith(version, 17, place)).records.length, 1, `IPv${version}, ${place}`);
      assert.equal(pass(packetWith(version, 17, place, TAG + 0x100)).records.length, 0);
    }
    for (const place of [...carriedPlaces.aligned, ...carriedPlaces.odd])
      for (const protocol of [1, 4, 17, 41, 47, 50, 58])
        assert.equal(pass(packetWith(version, protocol, place)).records.length, 1, `IPv${version}, ${place}`);
  }
});

const looks = [
  { where: 'where it is', known: layout, first: [] },
  { where: 'in a copy', known: withoutView, first: [PASSING_LENGTH] },
] as const;

for (const { where, known, first } of looks) {
  test(`of a connection that is under way only the headers are looked at, ${where}, whatever its numbers are`, () => {
    for (const version of [4, 6] as const) {
      for (const [flags, isOpening] of [
        [0x10, false],
        [0x18, false],
        [0x11, false],
        [0x02, true],
        [0x12, true],
        [0x14, true],
      ] as const) {
        const bytes = packetWith(version, 6, tagPlaces[version].own[0]);
        bytes[version === 4 ? 33 : 53] = flags;
        const { reads, records } = pass(bytes, 'netif_receive_skb', machine(), known);
        assert.equal(records.length, isOpening ? 1 : 0, `flags ${flags.toString(16)}`);
        const copied = isOpening ? [...first, recordField.packet.length] : first;
        assert.deepEqual(isOpening ? reads.slice(0, copied.length) : reads, copied);
      }
    }
  });
}

test('bytes that a program looks at in the packet are among those that it may', () => {
  assert.ok(PASSING_LENGTH <= VIEWED);
});

test('what a tunnel makes of a packet is known by its address, until it ends and for its own tag only', () => {
  const at = machine();
  pass(packetWith(4, 17, 28), 'net_dev_start_xmit', at);
  const hidden = packetWith(4, 17, 28, 0x0badcafe);
  assert.equal(pass(hidden, 'netif_receive_skb', at).records.length, 1);
  at.memory.setUint32(places.tag, tagWord(TAG + 0x100), true);
  assert.equal(pass(hidden, 'netif_receive_skb', at).records.length, 0);
  at.memory.setUint32(places.tag, tagWord(TAG), true);
  assert.equal(pass(hidden, 'kfree_skb', at).records.length, 1);
  assert.equal(pass(hidden, 'netif_receive_skb', at).records.length, 0);
});

test('questions about neighbours are reported where they are dropped', () => {
  const arp = Uint8Array.of(0, 1, 8, 0, 6, 4, 0, 1);
  const solicitation = packetWith(6, 58, 100, 0);
  solicitation[40] = 135;
  for (const bytes of [arp, solicitation]) {
    assert.equal(pass(bytes, 'kfree_skb').records.length, 1);
    assert.equal(pass(bytes, 'netif_receive_skb').records.length, 0);
  }
});

test('a tracepoint that the kernel has not is refused', () => {
  const request = { layout, tracepoint: 'consume_skb', ...descriptors } as const;
  assert.throws(() => packetProgram(request), /no tracepoint consume_skb/);
});

test('a program for drops looks for no tag', () => {
  const program = dropProgram({ layout, ...descriptors });
  const at = machine();
  assert.equal(at.run(program).records.length, 0, 'the namespace is of no interest');
  at.notes.set(77n, 1n);
  assert.equal(at.run(program).records.length, 1);
});
