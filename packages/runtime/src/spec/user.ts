import { FairleadError } from '@fairlead/base';
import type { OciUser } from './oci-types.ts';

/** The numbers behind a user specification, and the home directory for `HOME`. */
export type ResolvedUser = OciUser & { readonly home: string };

type PasswdEntry = { name: string; uid: number; gid: number; home: string };
type GroupEntry = { name: string; gid: number; members: string[] };

const highestId = 2 ** 31 - 1;

/**
 * Resolve `name|uid[:group|gid]` against a container's `/etc/passwd` and `/etc/group`, the way Docker does
 * (moby/sys/user, GetExecUser): a name wins over a number, a number need not be listed, and supplementary groups come
 * from the group file only when no group is asked for.
 *
 * @param additionalGroups names or numbers of `--group-add`.
 * @throws FairleadError `invalid-argument` in Docker's words when a name is not found.
 */
export function resolveUser(
  specification: string,
  passwdText: string,
  groupText: string,
  additionalGroups: readonly string[] = [],
): ResolvedUser {
  const separator = specification.indexOf(':');
  const userPart = separator < 0 ? specification : specification.slice(0, separator);
  const groupPart = separator < 0 ? '' : specification.slice(separator + 1);
  const groups = parseGroup(groupText);
  const user = findUser(userPart, parsePasswd(passwdText));
  const gid = groupPart === '' ? user.gid : findGroup(groupPart, groups);
  const supplementary = groupPart === '' ? groupsOf(user.name, groups).filter((group) => group !== gid) : [];
  const additional = additionalGroups.map((group) => findGroup(group, groups));
  return {
    uid: user.uid,
    gid,
    // Docker does so too: else a program could shed a group that is denied something (CVE-2022-36109).
    additionalGids: [...new Set([gid, ...supplementary, ...additional])],
    home: user.home,
  };
}

function findUser(wanted: string, entries: readonly PasswdEntry[]): PasswdEntry {
  const number = parseId(wanted === '' ? '0' : wanted);
  const entry =
    entries.find((candidate) => candidate.name === wanted) ?? entries.find((candidate) => candidate.uid === number);
  if (entry) return entry;
  if (number === undefined) {
    throw new FairleadError('invalid-argument', `unable to find user ${wanted}: no matching entries in passwd file`);
  }
  checkRange(number);
  return { name: '', uid: number, gid: 0, home: '/' };
}

function findGroup(wanted: string, entries: readonly GroupEntry[]): number {
  const number = parseId(wanted);
  const entry =
    entries.find((candidate) => candidate.name === wanted) ?? entries.find((candidate) => candidate.gid === number);
  if (entry) return entry.gid;
  if (number === undefined) {
    throw new FairleadError('invalid-argument', `unable to find group ${wanted}: no matching entries in group file`);
  }
  checkRange(number);
  return number;
}

function checkRange(id: number): void {
  if (id < 0 || id > highestId)
    throw new FairleadError('invalid-argument', 'uids and gids must be in range 0-2147483647');
}

function groupsOf(user: string, groups: readonly GroupEntry[]): number[] {
  return user === '' ? [] : groups.filter((group) => group.members.includes(user)).map((group) => group.gid);
}

function parsePasswd(text: string): PasswdEntry[] {
  return records(text).map(([name = '', , uid = '', gid = '', , home = '']) => ({
    name,
    uid: parseId(uid) ?? 0,
    gid: parseId(gid) ?? 0,
    home: home === '' ? '/' : home,
  }));
}

function parseGroup(text: string): GroupEntry[] {
  return records(text).map(([name = '', , gid = '', members = '']) => ({
    name,
    gid: parseId(gid) ?? 0,
    members: members.split(',').filter((member) => member !== ''),
  }));
}

/** Fields of each line; comments and blank lines are skipped, as are lines without a number (NIS entries). */
function records(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'))
    .filter((fields) => parseId(fields[2] ?? '') !== undefined);
}

function parseId(text: string): number | undefined {
  return /^-?\d+$/.test(text) ? Number(text) : undefined;
}
