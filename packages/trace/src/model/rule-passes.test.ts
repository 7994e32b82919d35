import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { probePacket } from '../packet/probe-packet.ts';
import { type PlacedTraceEvent, rulePasses } from './rule-passes.ts';

const tag = 0x12345678;
const host = 1;
const id = 0xcafe;

/** The headers of a TCP segment to a published port, as nftables tells them. */
function segment(sequence: number): NonNullable<PlacedTraceEvent['headers']> {
  const bytes = probePacket({
    protocol: 'tcp',
    source: parseIpAddress('192.0.2.1'),
    destination: parseIpAddress('192.0.2.2'),
    sourcePort: 49_999,
    destinationPort: 8080,
    tag: sequence,
  });
  return { network: bytes.subarray(0, 20), transport: bytes.subarray(20, 40) };
}

function event(chain: string, handle: bigint, headers?: PlacedTraceEvent['headers']): PlacedTraceEvent {
  const place = { namespace: host, family: 'inet', table: 'fairlead', chain, incoming: 2 } as const;
  return { ...place, type: 'rule', id, handle, verdict: { name: 'accept' }, ...(headers && { headers }) };
}

const nothing = () => ({ chains: [], rules: [] });
const chainsOf = (events: readonly PlacedTraceEvent[]) =>
  rulePasses(events, tag, nothing).map(({ role, steps }) => [role, ...steps.map(({ chain }) => chain)]);

const request = [event('inbound', 4n, segment(tag)), event('translate', 5n), event('forward', 6n, segment(tag))];
// Who sent the request knows of no connection, and meets the answer with a RST.
const refusal = [event('inbound', 4n, segment(tag + 1)), event('forward', 7n, segment(tag + 1))];

test('the rules that a packet met are its own, whoever gets its number after it', () => {
  const expected = [['request', 'inbound', 'translate', 'forward']];
  assert.deepEqual(chainsOf(request), expected);
  assert.deepEqual(chainsOf([...request, ...refusal]), expected);
  assert.deepEqual(chainsOf([...refusal, ...request]), expected);
});

test('what comes without headers is of the packet that had the number last', () => {
  assert.deepEqual(chainsOf([...request, ...refusal, event('outbound', 8n)]), chainsOf(request));
  assert.deepEqual(chainsOf([...refusal, ...request, event('outbound', 8n)]), [
    ['request', 'inbound', 'translate', 'forward', 'outbound'],
  ]);
});

test('packets of other traces of the series are left out', () => {
  assert.deepEqual(chainsOf([event('inbound', 4n, segment(tag + 4))]), []);
});

test('the rules of a namespace are asked for once, and only those that the packet met', () => {
  const asked: (readonly [namespace: number, ...handles: (bigint | undefined)[]])[] = [];
  const another = event('inbound', 9n, segment(tag + 4));
  rulePasses([{ ...another, id: 0xf00d }, ...request, ...refusal], tag, (namespace, met) => {
    asked.push([namespace, ...met.map(({ handle }) => handle)]);
    return nothing();
  });
  assert.deepEqual(asked, [[host, 4n, 5n, 6n]]);
});
