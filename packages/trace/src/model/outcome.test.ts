import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import type { Sighting } from './hops.ts';
import { type Observation, outcomeOf } from './outcome.ts';

/** Namespaces by their numbers. */
const places = { web: 1, host: 2 } as const;

let now = 0n;

function seen(role: Sighting['role'], event: Sighting['event'], place: keyof typeof places, reason?: string): Sighting {
  now += 1000n;
  const header = {
    family: 4,
    source: parseIpAddress('192.0.2.65'),
    destination: parseIpAddress('192.0.2.1'),
    protocol: 1,
    lifetime: 64,
    marks: [1, 0],
  } as const;
  const namespace = places[place];
  return { role, event, time: now, packetAddress: 1n, namespace, header, ...(reason !== undefined && { reason }) };
}

function verdictOf(...sightings: Sighting[]): string {
  return outcomeOf(observationOf(sightings)).verdict;
}

function observationOf(sightings: readonly Sighting[]): Observation {
  return {
    sightings,
    passes: [],
    sourceNamespace: places.web,
    protocol: 'icmp',
    arrival: false,
    answeredWithData: false,
    notSent: false,
  };
}

test('a refusal is an ICMP error that says that nobody listens, in either family', () => {
  const verdict = (family: 4 | 6, type: number, code: number) => {
    const told = seen('error', 'received', 'web');
    return verdictOf(seen('request', 'sent', 'web'), { ...told, header: { ...told.header, family, type, code } });
  };
  assert.deepEqual([verdict(4, 3, 3), verdict(6, 1, 4)], ['refused', 'refused']);
  // Too big, nobody has the address, time is over.
  assert.deepEqual([verdict(4, 3, 4), verdict(6, 1, 3), verdict(6, 3, 0)], ['dropped', 'dropped', 'dropped']);
});

/** Out of a macvlan and its parent, and the answer in by the parent. */
const byParent = () => [
  seen('request', 'sent', 'web'),
  seen('request', 'sent', 'host'),
  seen('answer', 'received', 'host'),
];

test('an answer that a macvlan got from its parent has come back when its namespace found no socket for it', () => {
  assert.equal(verdictOf(...byParent(), seen('answer', 'dropped', 'web', 'NO_SOCKET')), 'delivered');
  assert.equal(verdictOf(...byParent(), seen('answer', 'used', 'web')), 'delivered');
});

/** Straight out, and the answer straight in. */
const answered = () => [
  seen('request', 'sent', 'web'),
  seen('answer', 'sent', 'host'),
  seen('answer', 'received', 'web'),
];

test('an answer that a rule or a check of the source itself stops has not come back', () => {
  for (const reason of ['NETFILTER_DROP', 'IP_RPFILTER', 'TCP_CSUM'])
    assert.equal(verdictOf(...answered(), seen('answer', 'dropped', 'web', reason)), 'dropped', reason);
  // Nobody waits for the answer to a probe that is only half a connection; a copy may be dropped after that.
  for (const reason of ['NO_SOCKET', 'NOT_SPECIFIED'])
    assert.equal(verdictOf(...answered(), seen('answer', 'dropped', 'web', reason)), 'delivered', reason);
});

test('a copy for a program that listens to all packets may be dropped', () => {
  const [sent, answer, received] = answered();
  assert.ok(sent && answer && received);
  const copy = () => seen('answer', 'dropped', 'web', 'PACKET_SOCK_ERROR');
  assert.equal(verdictOf(sent, answer, received, copy()), 'delivered');
  assert.equal(
    verdictOf(sent, answer, received, copy(), seen('answer', 'dropped', 'web', 'NETFILTER_DROP')),
    'dropped',
  );
});

test('an answer that was not seen at home, or was dropped there, has not come back', () => {
  assert.equal(verdictOf(...byParent()), 'unknown');
  assert.equal(verdictOf(...byParent(), seen('answer', 'dropped', 'web', 'NETFILTER_DROP')), 'dropped');
});

test('copies of the answer to an arrival end at any time', () => {
  const sightings = [
    seen('request', 'received', 'host'),
    seen('answer', 'sent', 'web'),
    seen('answer', 'received', 'host'),
    seen('answer', 'sent', 'host'),
    seen('answer', 'used', 'host'),
  ];
  const arrival = { ...observationOf(sightings), arrival: true, sourceNamespace: places.host };
  assert.equal(outcomeOf(arrival).verdict, 'delivered');
  const lost = { ...arrival, sightings: sightings.filter((sighting) => sighting !== sightings[3]) };
  assert.equal(outcomeOf(lost).verdict, 'unknown');
});
