import { inOrder, type Sighting } from './hops.ts';
import type { Outcome } from './outcome.ts';
import type { Gap } from './rule-hours.ts';

/**
 * Sightings at which nobody saw which rules the packet met: those of a gap, and what followed in the same namespace until a
 * packet came in again. What is made there, an answer say, may have met its rules before. Where the kernel drops a packet for
 * want of a neighbour, or lets go of one that it has used, the packet has met all of its rules before.
 */
export function unwatchedOf(sightings: readonly Sighting[], gaps: readonly Gap[]): ReadonlySet<Sighting> {
  const unwatched = new Set<Sighting>();
  const latest = new Map<number, Sighting>();
  for (const sighting of inOrder(sightings)) {
    const { namespace, event, time } = sighting;
    const before = latest.get(namespace);
    latest.set(namespace, sighting);
    const follows = event !== 'received' && before !== undefined && unwatched.has(before);
    if (!hasRulesBehind(sighting) && (follows || gaps.some((gap) => isIn(gap, time)))) unwatched.add(sighting);
  }
  return unwatched;
}

function hasRulesBehind({ event, reason }: Sighting): boolean {
  return event === 'used' || (event === 'dropped' && reason?.startsWith('NEIGH_') === true);
}

function isIn({ from, until }: Gap, time: bigint): boolean {
  return time >= from && (until === undefined || time < until);
}

/**
 * True when rules that nobody watched may have had a part in what became of the packet: it was somewhere where it was not
 * before, as one that is sent once more by its connection is. What the kernel drops while it waits for a neighbour has all its
 * rules behind it.
 */
export function mayBeRules(
  { drop, harmless }: Pick<Outcome, 'drop' | 'harmless'>,
  sightings: readonly Sighting[],
  unwatched: ReadonlySet<Sighting>,
): boolean {
  if (drop?.reason?.startsWith('NEIGH_')) return false;
  const watched = sightings.filter((sighting) => !unwatched.has(sighting)).map(placeOf);
  return [...unwatched].some((sighting) => !harmless.has(sighting) && !watched.includes(placeOf(sighting)));
}

function placeOf({ role, namespace, device, event, reason, carrier }: Sighting): string {
  return [role, namespace, device?.index, event, reason, carrier?.kind].join(' ');
}
