import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { buildHops, type Sighting } from './hops.ts';
import { mayBeRules, unwatchedOf } from './unwatched.ts';

/** Namespaces by their numbers. */
const [web, host, db] = [1, 2, 3];
/** Rules were not watched from 250 until 401. */
const gaps = [{ from: 250n, until: 401n }];

function seen(
  time: number,
  role: Sighting['role'],
  event: Sighting['event'],
  namespace: number | undefined,
  reason?: string,
): Sighting {
  const header = {
    family: 4,
    source: parseIpAddress('192.0.2.65'),
    destination: parseIpAddress('192.0.2.1'),
    protocol: 6,
    lifetime: 64,
    marks: [1, 0],
  } as const;
  const base = { role, event, time: BigInt(time), packetAddress: 1n, namespace: namespace ?? 0, header };
  return { ...base, ...(reason !== undefined && { reason }) };
}

function timesOf(sightings: readonly Sighting[], ...between: (typeof gaps | readonly { readonly from: bigint }[])[]) {
  return [...unwatchedOf(sightings, between.flat())].map(({ time }) => Number(time));
}

test('what was seen in a gap is told as unwatched, and nothing before it', () => {
  const sightings = [seen(1, 'request', 'sent', web), seen(2, 'request', 'received', host)];
  assert.deepEqual(timesOf(sightings, gaps), []);
  const late = [...sightings, seen(400, 'request', 'sent', host), seen(400, 'request', 'received', db)];
  assert.deepEqual(timesOf(late, gaps), [400, 400]);
  assert.deepEqual(timesOf(late, [{ from: 250n }]), [400, 400], 'while it lasts');
});

test('what was made by something unwatched may have met its rules before; what comes in meets them then', () => {
  const answered = [
    seen(400, 'request', 'received', db),
    seen(450, 'answer', 'sent', db),
    seen(451, 'answer', 'received', host),
    seen(452, 'answer', 'sent', host),
  ];
  assert.deepEqual(timesOf(answered, gaps), [400, 450]);
});

test('hops say where rules were not watched', () => {
  const sightings = [seen(1, 'request', 'sent', web), seen(400, 'request', 'received', db)];
  const unwatched = unwatchedOf(sightings, gaps);
  const hops = buildHops({ sightings, passes: [], unwatched, placeName: String });
  assert.deepEqual(
    hops.map((hop) => hop.unwatched),
    [undefined, true],
  );
});

/** Whether rules may have had a part in it; the last one that was dropped is what decided. */
function judged(...sightings: Sighting[]): boolean {
  const drop = sightings.findLast(({ event }) => event === 'dropped');
  return mayBeRules({ harmless: new Set(), ...(drop && { drop }) }, sightings, unwatchedOf(sightings, gaps));
}

test('rules may have a part in what came where it had not been while they were watched', () => {
  const sent = seen(1, 'request', 'sent', web);
  assert.equal(judged(sent, seen(2, 'request', 'dropped', host, 'NETFILTER_DROP')), false);
  assert.equal(judged(sent, seen(400, 'request', 'dropped', host, 'NETFILTER_DROP')), true);
  assert.equal(judged(sent, seen(400, 'answer', 'received', host)), true);
  assert.equal(judged(sent, seen(400, 'request', 'sent', web)), false, 'a connection sends it once more');
  assert.equal(judged(sent, seen(400, 'request', 'used', host)), false, 'a copy that somebody has read');
});

test('what waited for a neighbour in vain had its rules behind it', () => {
  const sent = seen(1, 'request', 'sent', web);
  const failed = seen(400, 'request', 'dropped', host, 'NEIGH_FAILED');
  assert.deepEqual(timesOf([sent, failed, seen(400, 'request', 'used', host)], gaps), []);
  assert.equal(judged(sent, failed, seen(400, 'error', 'received', web)), false);
});

test('what means nothing decides nothing', () => {
  const copy = seen(400, 'request', 'dropped', host, 'OTHERHOST');
  const sightings = [seen(1, 'request', 'sent', web), copy];
  assert.equal(mayBeRules({ harmless: new Set([copy]) }, sightings, unwatchedOf(sightings, gaps)), false);
});
