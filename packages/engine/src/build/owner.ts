import { FairleadError } from '@fairlead/base';
import type { Owner } from './file-copy.ts';

/**
 * Whom `--chown=USER[:GROUP]` means; without a group the one that is called like the user (moby, internals_linux.go).
 *
 * @param passwd text of the image's `/etc/passwd`. @param group of its `/etc/group`.
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function parseOwner(text: string, passwd: string, group: string): Owner {
  const [user = '', groupName = user, ...more] = text.split(':');
  if (more.length > 0) throw invalid(`invalid chown string format: ${text}`);
  const uid = numberOf(user, passwd);
  if (uid === undefined) throw invalid(`can't find uid for user ${user}: no such user: ${user}`);
  const gid = numberOf(groupName, group);
  if (gid === undefined) throw invalid(`can't find gid for group ${groupName}: no such group: ${groupName}`);
  return { uid, gid };
}

/** The third field of the line that begins with the name; a number stands for itself. */
function numberOf(name: string, database: string): number | undefined {
  if (/^\d{1,10}$/.test(name)) return Number(name);
  const fields = database.split('\n').map((line) => line.trim().split(':'));
  const found = fields.find(([first]) => name !== '' && first === name)?.[2];
  return found !== undefined && /^\d+$/.test(found) ? Number(found) : undefined;
}

function invalid(reason: string): FairleadError {
  return new FairleadError('invalid-argument', `unable to convert uid/gid chown string to host mapping: ${reason}`);
}
