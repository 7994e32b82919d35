import { FairleadError } from './errors.ts';

/** Identities that are one number inside of a user namespace and another one outside. */
export interface IdentityRange {
  /** First number inside. */
  readonly inside: number;
  /** First number outside. */
  readonly outside: number;
  /** How many follow one another. */
  readonly count: number;
}

/** Who the users and groups of a user namespace are outside of it (user_namespaces(7)). */
export interface IdentityMapping {
  readonly users: readonly IdentityRange[];
  readonly groups: readonly IdentityRange[];
}

/** A user and a group by their numbers. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What the kernel shows for an identity that has no number on this side (/proc/sys/kernel/overflowuid). */
const OVERFLOW = 65_534;

/** As /proc/PID/uid_map and gid_map take it. */
export function formatIdentityRanges(ranges: readonly IdentityRange[]): string {
  return ranges.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`).join('');
}

/** What /proc/PID/uid_map or gid_map says. */
export function parseIdentityRanges(text: string): IdentityRange[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const [inside = 0, outside = 0, count = 0] = line.trim().split(/\s+/).map(Number);
    return { inside, outside, count };
  });
}

/** Who an owner inside is outside. @throws FairleadError `invalid-argument` for one that is nobody there. */
export function ownerOutside({ users, groups }: IdentityMapping, { uid, gid }: Owner): Owner {
  return { uid: outsideOf(users, uid), gid: outsideOf(groups, gid) };
}

/** Who an owner outside is inside; the overflow identity when nobody there, as the kernel shows it. */
export function ownerInside({ users, groups }: IdentityMapping, { uid, gid }: Owner): Owner {
  return { uid: insideOf(users, uid), gid: insideOf(groups, gid) };
}

/** Whether two mappings say the same; none at all is the same as none. */
export function sameMapping(one: IdentityMapping | undefined, other: IdentityMapping | undefined): boolean {
  const text = (mapping: IdentityMapping | undefined) =>
    mapping && [mapping.users, mapping.groups].map(formatIdentityRanges).join('/');
  return text(one) === text(other);
}

function outsideOf(ranges: readonly IdentityRange[], id: number): number {
  const range = ranges.find(({ inside, count }) => id >= inside && id < inside + count);
  if (range !== undefined) return range.outside + id - range.inside;
  throw new FairleadError('invalid-argument', `Container ID ${id} cannot be mapped to a host ID`);
}

function insideOf(ranges: readonly IdentityRange[], id: number): number {
  const range = ranges.find(({ outside, count }) => id >= outside && id < outside + count);
  return range === undefined ? OVERFLOW : range.inside + id - range.outside;
}
