import { readFileSync } from 'node:fs';
import { FairleadError, type IdentityMapping, type IdentityRange } from '@fairlead/base';

/** The files that say who there is, and which further identities are somebody's own (subuid(5), subgid(5)). */
export interface IdentityFiles {
  readonly passwd: string;
  readonly group: string;
  readonly subuid: string;
  readonly subgid: string;
}

/** The user that `default` stands for, as with Docker. */
const DEFAULT_USER = 'dockremap';

type Entry = { readonly name: string; readonly id: number };

/** Read them. What is not there is empty. */
export function readIdentityFiles(folder = '/etc'): IdentityFiles {
  const read = (name: string) => {
    try {
      return readFileSync(`${folder}/${name}`, 'utf8');
    } catch {
      return '';
    }
  };
  return { passwd: read('passwd'), group: read('group'), subuid: read('subuid'), subgid: read('subgid') };
}

/**
 * Who users and groups of containers are for `--userns-remap=default|USER[:GROUP]|UID[:GID]`.
 *
 * @returns `undefined` for root, who is himself.
 * @throws FairleadError `invalid-argument` in dockerd's words (moby, parseRemappedRoot and LoadIdentityMapping); a user
 *   `dockremap` is not made here, and who asks for it is told how to.
 */
export function remappedIdentities(asked: string, files: IdentityFiles): IdentityMapping | undefined {
  const parts = asked.split(':');
  if (parts.length > 2) fail(`Invalid user/group specification in --userns-remap: ${JSON.stringify(asked)}`);
  const user = findUser(parts[0] ?? '', files);
  const group = findGroup(
    parts[1] ?? (parseId(parts[0]) === undefined ? user.name : String(user.id)),
    files,
    parts.length,
  );
  if (user.name === 'root') return undefined;
  const users = subordinates(files.subuid, user);
  if (users.length === 0) fail(`Can't create ID mappings: no subuid ranges found for user ${quoted(user.name)}`);
  const own = subordinates(files.subgid, user);
  const groups = own.length > 0 ? own : subordinates(files.subgid, group);
  if (groups.length === 0) fail(`Can't create ID mappings: no subgid ranges found for user ${quoted(user.name)}`);
  return { users, groups };
}

function findUser(asked: string, { passwd }: IdentityFiles): Entry {
  const users = entries(passwd);
  const id = parseId(asked);
  if (id !== undefined) {
    return users.find((user) => user.id === id) ?? fail(`Uid ${id} has no entry in /etc/passwd: no such user`);
  }
  const name = asked === 'default' ? DEFAULT_USER : asked;
  const found = users.find((user) => user.name === name);
  if (found !== undefined) return found;
  if (asked !== 'default') fail(`Error during uid lookup for ${quoted(name)}: no such user`);
  const remedy = `useradd --system --user-group --shell /bin/false ${name} && usermod -v 100000-165535 -w 100000-165535 ${name}`;
  return fail(`--userns-remap=default needs a user ${quoted(name)}, which Fairlead does not make: ${remedy}`);
}

function findGroup(asked: string, { group }: IdentityFiles, parts: number): Entry {
  const groups = entries(group);
  const id = parseId(asked);
  if (id !== undefined) {
    return groups.find((each) => each.id === id) ?? fail(`Gid ${id} has no entry in /etc/group: no such group`);
  }
  const what = parts > 1 ? 'groupname' : 'gid';
  return (
    groups.find(({ name }) => name === asked) ?? fail(`Error during ${what} lookup for ${quoted(asked)}: no such group`)
  );
}

/** The ranges of somebody, by name or number, put one after the other from 0. */
function subordinates(text: string, { name, id }: Entry): IdentityRange[] {
  const own = text
    .split('\n')
    .map((line) => line.trim().split(':'))
    .filter(([who]) => who === name || who === String(id))
    .map(([, first, count]) => ({ outside: Number(first), count: Number(count) }))
    .filter(({ outside, count }) => Number.isInteger(outside) && Number.isInteger(count) && count > 0);
  let inside = 0;
  return own.map((range) => {
    const mapped = { inside, ...range };
    inside += range.count;
    return mapped;
  });
}

/** Names and numbers of passwd(5) and group(5). */
function entries(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , id = ''] = line.split(':');
    return /^\d+$/.test(id) ? [{ name, id: Number(id) }] : [];
  });
}

function parseId(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function fail(message: string): never {
  throw new FairleadError('invalid-argument', message);
}
