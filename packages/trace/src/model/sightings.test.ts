import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { probePacket } from '../packet/probe-packet.ts';
import type { EventRecord } from '../program/event-record.ts';
import { sightingsOf } from './sightings.ts';

const tag = 0x12345678;
const probe = probePacket({
  protocol: 'tcp',
  source: parseIpAddress('10.9.1.2'),
  destination: parseIpAddress('10.50.0.2'),
  sourcePort: 40_000,
  destinationPort: 80,
  tag,
});
/** An IPv4 packet of a protocol, with contents that nobody can read. */
function sealed(protocol: number): Uint8Array {
  const header = [0x45, 0, 0, 92, 0, 0, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 2, 192, 0, 2, 1];
  return Uint8Array.from([...header, 0xca, 0x6c, 0xca, 0x6c, ...new Array<number>(68).fill(0xee)]);
}

let clock = 0n;
function record(change: Partial<EventRecord>): EventRecord {
  clock += 1n;
  return {
    tracepoint: 'net_dev_start_xmit',
    time: clock,
    packetAddress: 7n,
    reason: 0,
    function: '',
    namespace: 1,
    device: { index: 3, name: 'wg0' },
    length: 92,
    mark: 0,
    bytes: probe,
    ...change,
  };
}

const kindOf = (_namespace: number, index: number) => (index === 3 ? 'wireguard' : 'device');
const wire = { device: { index: 2, name: 'eth0' } } as const;
const UDP = 17;
const ESP = 50;

function carriersOf(records: readonly EventRecord[]): (string | undefined)[] {
  return sightingsOf(records, tag, new Map(), kindOf).map(({ carrier }) => carrier?.kind);
}

test('a packet that WireGuard has encrypted is followed by its place in memory, until it can be read again', () => {
  const inside = record({});
  const outside = record({ ...wire, bytes: sealed(UDP) });
  const there = record({ ...wire, bytes: sealed(UDP), namespace: 2, tracepoint: 'netif_receive_skb' });
  const out = record({ namespace: 2, tracepoint: 'netif_receive_skb' });
  const seen = sightingsOf([out, there, outside, inside], tag, new Map(), kindOf);
  assert.deepEqual(
    seen.map(({ carrier, hidden }) => [carrier?.kind, hidden]),
    [
      [undefined, undefined],
      ['wireguard', true],
      ['wireguard', true],
      [undefined, undefined],
    ],
  );
  assert.equal(seen[1]?.header.destination, '10.50.0.2');
  assert.equal(seen[1].carrier?.header.destination, '192.0.2.1');
});

test('a packet that IPsec has encrypted is followed without any tunnel', () => {
  assert.deepEqual(carriersOf([record(wire), record({ ...wire, bytes: sealed(ESP) })]), [undefined, 'esp']);
});

test('what is at the place of a packet that has ended is another one', () => {
  const life = [record({}), record({ tracepoint: 'consume_skb' })];
  assert.deepEqual(carriersOf([...life, record({ bytes: sealed(UDP) })]), [undefined, undefined]);
});

test('what cannot hide the packet is another one, and so is what no such tunnel has sent', () => {
  assert.deepEqual(carriersOf([record({}), record({ bytes: sealed(6) })]), [undefined]);
  assert.deepEqual(carriersOf([record(wire), record({ bytes: sealed(UDP) })]), [undefined]);
});
