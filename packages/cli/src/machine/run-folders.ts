import { rmdirSync, rmSync } from 'node:fs';
import { hasSystemCode } from '@fairlead/base';
import { mountPoints } from '@fairlead/kernel';

/**
 * Where containerd's supervisors have their sockets and runc its notes, whatever containerd is told; innermost first.
 * They are made with the first container, and the machine's own containerd has them too.
 */
const sharedFolders = ['/run/containerd/runc/fairlead', '/run/containerd/runc', '/run/containerd/s', '/run/containerd'];

/**
 * Take away what an engine that has ended leaves below `/run`: sockets, pipes and logs of it and its helpers. What
 * others have something in stays.
 *
 * @param execRoot its own folder; stays while something is mounted there.
 */
export function removeRunFolders(execRoot: string): void {
  if (!mountPoints().some((path) => path.startsWith(`${execRoot}/`)))
    rmSync(execRoot, { recursive: true, force: true });
  for (const folder of sharedFolders) removeIfEmpty(folder);
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!hasSystemCode(error, 'ENOENT') && !hasSystemCode(error, 'ENOTEMPTY')) throw error;
  }
}
