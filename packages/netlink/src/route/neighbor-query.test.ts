import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { macToBytes, parseMacAddress } from '@fairlead/base';
import { decodeMessages, encodeMessage, type Message } from '../message.ts';
import { decodeForwardingEntry, type ForwardingEntry } from './neighbor-query.ts';

const mac = parseMacAddress('02:42:ac:11:00:02');

/** An entry as fdb_fill_info writes it: NDA_LLADDR, NDA_MASTER, NDA_CACHEINFO, NDA_VLAN. */
function entry(state: number, { bridge = 4, updated = 0, vlan }: { bridge?: number; updated?: number; vlan?: number }) {
  return only(
    encodeMessage(28, 0, (writer) => {
      writer.header.u8(7).zeros(3).i32(9).u16(state).u8(0).u8(0);
      writer.bytes(2, macToBytes(mac));
      if (bridge !== 0) writer.u32(9, bridge);
      const times = Buffer.alloc(16);
      times.writeUInt32LE(77, 4);
      times.writeUInt32LE(updated, 8);
      writer.bytes(3, times);
      if (vlan !== undefined) writer.u16(5, vlan);
    }),
  );
}

function only(bytes: Uint8Array): Message {
  const [message] = decodeMessages(bytes);
  assert.ok(message);
  return message;
}

describe('entries of a forwarding database', () => {
  const cases: [string, Message, Partial<ForwardingEntry>][] = [
    ['what a frame told, with its age', entry(0x02, { updated: 250 }), { kind: 'learnt', age: 2.5 }],
    ['what has grown old, and is not yet forgotten', entry(0x04, { updated: 31_000 }), { kind: 'learnt', age: 310 }],
    ['an address of an interface', entry(0x80, {}), { kind: 'local' }],
    ['what somebody has written', entry(0x40, {}), { kind: 'static' }],
    ['an address in a VLAN', entry(0x02, { vlan: 12 }), { vlan: 12 }],
  ];
  for (const [what, message, expected] of cases) {
    test(what, () => {
      const found = decodeForwardingEntry(message);
      assert.deepEqual({ ...found, ...expected }, found);
      assert.deepEqual([found?.mac, found?.index, found?.bridge], [mac, 9, 4]);
    });
  }

  test('an address that a link listens to itself is in no bridge', () => {
    assert.equal(decodeForwardingEntry(entry(0x80, { bridge: 0 })), undefined);
  });
});
