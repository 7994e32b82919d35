import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordField, recordLength } from './event-record.ts';
import type { KernelLayout } from './kernel-layout.ts';
import { carriedPlaces, dropProgram, packetProgram, tagPlaces } from './packet-program.ts';

const layout: KernelLayout = {
  tracepoints: {
    kfree_skb: { typeId: 7, packet: 0, location: 1, reason: 2 },
    netif_receive_skb: { typeId: 8, packet: 0 },
  },
  packet: { device: 16, socket: 24, length: 112, mark: 164, head: 192, data: 200, networkHeader: 180 },
  device: { index: 224, name: 280, namespace: 264 },
  socketNamespace: 48,
  namespaceNumber: 176,
  task: { processId: 1268, program: 1752, namespaces: 1840 },
  network: 40,
  reasons: new Map(),
};
const request = { layout, tag: 0x12345678, ring: 9, notes: 10 } as const;

test('the fields of a record lie one behind the other and fill it', () => {
  let end = 0;
  for (const { at, length } of Object.values(recordField)) {
    assert.equal(at, end);
    end += length;
  }
  assert.equal(end, recordLength);
});

test('the first three bytes of the tag are looked for in network order', () => {
  const program = Buffer.from(packetProgram({ ...request, tracepoint: 'netif_receive_skb' }));
  const constants = Array.from({ length: program.length / 8 }, (_, index) => program.readUInt32LE(index * 8 + 4));
  const places = [...tagPlaces[4].own, ...tagPlaces[4].next, ...tagPlaces[6].own, ...tagPlaces[6].next];
  const carried = [...carriedPlaces.aligned, ...carriedPlaces.odd];
  assert.equal(constants.filter((value) => value === 0x00563412).length, places.length + carried.length);
});

test('a program that names functions is longer than one that cannot', () => {
  const plain = packetProgram({ ...request, tracepoint: 'kfree_skb' });
  const naming = packetProgram({ ...request, tracepoint: 'kfree_skb', symbolFormat: 5 });
  assert.ok(naming.length > plain.length);
});

test('a tracepoint that the kernel has not is refused', () => {
  assert.throws(() => packetProgram({ ...request, tracepoint: 'consume_skb' }), /no tracepoint consume_skb/);
});

test('a program for drops looks for no tag', () => {
  const program = Buffer.from(dropProgram({ layout, ring: 9, namespaces: 8 }));
  const constants = Array.from({ length: program.length / 8 }, (_, index) => program.readUInt32LE(index * 8 + 4));
  assert.ok(!constants.includes(0x00563412));
  assert.ok(constants.includes(8) && constants.includes(9));
});
