import { once } from 'node:events';
import { chown, mkdir, readFile, rm } from 'node:fs/promises';
import { type Server, Socket } from 'node:net';
import { dirname } from 'node:path';
import { FairleadError } from '@fairlead/base';

/** Docker's own, unless another one is asked for. */
const usualGroup = 'docker';

/**
 * Listen on a unix socket that its owner and `group` may use (mode 0660), as dockerd does. A socket that nobody answers
 * on is what a crashed daemon left, and is replaced.
 *
 * @param group name or number. That there is none is an error, but for `docker`, which many machines do not have: then the
 * socket is the owner's alone.
 * @throws FairleadError `conflict` when somebody answers on `path`, `invalid-argument` when there is no such group.
 */
export async function listenUnix(server: Server, path: string, group: string): Promise<void> {
  if (await isAnswered(path)) {
    throw new FairleadError('conflict', `can't create unix socket ${path}: another daemon is listening on it`);
  }
  const id = await groupId(group);
  if (id === undefined && group !== usualGroup) {
    throw new FairleadError('invalid-argument', `can't create unix socket ${path}: group ${group} not found`);
  }
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  // Bound within this very call, so the mode is right from the first moment on.
  const mask = process.umask(0o117);
  try {
    server.listen(path);
  } finally {
    process.umask(mask);
  }
  await once(server, 'listening');
  if (id !== undefined) await chown(path, process.getuid?.() ?? 0, id);
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = new Socket();
  try {
    socket.connect(path);
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function groupId(name: string): Promise<number | undefined> {
  if (/^\d+$/.test(name)) return Number(name);
  const text = await readFile('/etc/group', 'utf8').catch(() => '');
  const line = text.split('\n').find((entry) => entry.startsWith(`${name}:`));
  const id = Number(line?.split(':')[2]);
  return Number.isInteger(id) ? id : undefined;
}
