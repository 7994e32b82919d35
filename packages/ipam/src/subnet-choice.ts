import {
  addressOf,
  FairleadError,
  type Family,
  familyBits,
  ipFromInteger,
  isUnspecified,
  type Prefix,
  prefixBounds,
  prefixesOverlap,
  prefixFamily,
  prefixLength,
  prefixOf,
} from '@fairlead/base';
import type { SubnetSource } from './subnet-source.ts';

/** What {@link chooseSubnet} may choose from and what it has to stay clear of. */
export interface SubnetChoice {
  readonly family: Family;
  readonly sources: readonly SubnetSource[];
  /** Subnets of the other networks of the same address space. */
  readonly taken: Iterable<Prefix>;
  /**
   * What the host needs for itself: destinations of its routes, in every routing table, and its name servers.
   * A default route has to be left out: it overlaps everything.
   */
  readonly reserved: Iterable<Prefix>;
  /** Length of the subnet that is wanted instead of each source's own size: what `0.0.0.0/N` and `::/N` ask for. */
  readonly length?: number | undefined;
}

interface Interval {
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * The lowest free subnet: sources in order, and in each the first chunk that overlaps nothing taken or reserved.
 *
 * @throws FairleadError `invalid-argument` when every source is used up.
 */
export function chooseSubnet(choice: SubnetChoice): Prefix {
  const { family, sources, length } = choice;
  const blockers = intervals([...choice.taken, ...choice.reserved].filter((prefix) => prefixFamily(prefix) === family));
  for (const { base, size } of sources) {
    if (prefixFamily(base) !== family) continue;
    const chunk = length ?? size;
    if (chunk < prefixLength(base)) continue;
    const first = firstFree(prefixBounds(base), chunkSize(family, chunk), blockers);
    if (first !== undefined) return prefixOf(ipFromInteger(first, family), chunk);
  }
  throw new FairleadError('invalid-argument', 'all predefined address pools have been fully subnetted');
}

/** True for `0.0.0.0/N` and `::/N`: any free subnet of that length is wanted, not this one. */
export function isAnySubnet(subnet: Prefix): boolean {
  return isUnspecified(addressOf(subnet)) && prefixLength(subnet) > 0;
}

/** A subnet with the part of it that addresses are given from; networks may share a subnet if these parts differ. */
export interface ClaimedSubnet {
  readonly subnet: Prefix;
  readonly range?: Prefix | undefined;
}

/**
 * Check that an explicitly wanted subnet is free. The same subnet with another ip-range is.
 *
 * @throws FairleadError `forbidden` when it overlaps a taken one.
 */
export function requireFreeSubnet(wanted: ClaimedSubnet, taken: Iterable<ClaimedSubnet>): void {
  for (const other of taken) {
    if (prefixesOverlap(wanted.subnet, other.subnet) && !shareSubnet(wanted, other)) {
      throw new FairleadError('forbidden', 'invalid pool request: Pool overlaps with other one on this address space');
    }
  }
}

function shareSubnet(a: ClaimedSubnet, b: ClaimedSubnet): boolean {
  if (a.subnet !== b.subnet || a.range === undefined || b.range === undefined) return false;
  return !prefixesOverlap(a.range, b.range);
}

/** Walks chunk and blockers together: both are in rising order, so each blocker is looked at once. */
function firstFree(within: Interval, size: bigint, blockers: readonly Interval[]): bigint | undefined {
  let start = within.first;
  for (const blocker of blockers) {
    if (blocker.last < start) continue;
    if (blocker.first > start + size - 1n) break;
    start = (blocker.last / size + 1n) * size;
  }
  return start + size - 1n <= within.last ? start : undefined;
}

function intervals(prefixes: readonly Prefix[]): Interval[] {
  return prefixes.map(prefixBounds).sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
}

function chunkSize(family: Family, length: number): bigint {
  return 1n << BigInt(familyBits(family) - length);
}
