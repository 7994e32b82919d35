import { existsSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { messageOf } from '@fairlead/base';
import { deleteNamespace, listNamespaces } from '@fairlead/kernel';
import { removeControlGroups, topControlGroups } from './control-groups.ts';

/** Where hosts have their folders unless told otherwise: on disk, unlike `/tmp` on many machines. */
const onDisk = '/var/tmp';

/** Where a run of all tests has them when there is the room: what one that was killed has left would hold memory. */
const inMemory = '/dev/shm';

/** Where hosts have their folders. `FAIRLEAD_LAB_FOLDER` names another place, such as one in memory. */
export const temporaryFolder: string = process.env['FAIRLEAD_LAB_FOLDER'] ?? onDisk;

/** Process ids mean something in their own namespace only: a host within a host must not sweep the outer one away. */
const processNamespace = readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '');

/** Names of hosts and of what belongs to them: `lab-<process namespace>-<pid of the owner>-<random>`. */
export const namePrefix: string = `lab-${processNamespace}-${process.pid}-`;

/** The process that a name says it belongs to; `undefined` for names that are none of ours. */
export function ownerOf(name: string): number | undefined {
  const [, namespace, owner] = /^lab-(\d+)-(\d+)-/.exec(name) ?? [];
  return namespace === processNamespace ? Number(owner) : undefined;
}

/** Remove what hosts of processes that are no more have left. */
export function sweep(): void {
  for (const name of listNamespaces().filter(isOrphan)) tolerate(() => deleteNamespace(name));
  for (const folder of new Set([onDisk, inMemory, temporaryFolder].filter((path) => existsSync(path)))) {
    for (const name of readdirSync(folder).filter(isOrphan)) {
      tolerate(() => rmSync(join(folder, name), { recursive: true, force: true }));
    }
  }
  const groups = topControlGroups().map((path) => basename(path));
  for (const name of new Set(groups.filter(isOrphan))) tolerate(() => removeControlGroups(name));
}

function isOrphan(name: string): boolean {
  const owner = ownerOf(name);
  return owner !== undefined && !existsSync(`/proc/${owner}`);
}

/** Another process may sweep the same things at the same time. */
function tolerate(work: () => void): void {
  try {
    work();
  } catch (error) {
    process.stderr.write(`not swept: ${messageOf(error)}\n`);
  }
}
