import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { killIfThere } from '../kill-if-there.ts';

/** Milliseconds that containerd has to take away what a shim leaves; it needs about 100. */
const patience = 5000;
const LOOK_AGAIN_MS = 20;

/**
 * End the shim of a container that containerd knows no task of. A client that is gone while its task is created leaves
 * one, from containerd 2 on, with the process that it was about to start; every later attempt then fails with "file
 * exists". containerd still holds the connection: when it breaks, the process, the mounts and the bundle go. A runtime
 * that is still at work for the shim would go on without it, and is ended before.
 *
 * @returns when they have gone, whether there was one.
 */
export async function endLostShim(namespace: string, containerId: string): Promise<boolean> {
  const processes = runningCommands();
  for (const { pid, words } of processes) if (isCreation(words, containerId)) killIfThere(pid);
  const shim = processes.find(({ words }) => isShimOf(words, namespace, containerId));
  const bundle = shim && workingDirectory(shim.pid);
  if (shim === undefined || bundle === undefined) return false;
  killIfThere(shim.pid);
  const deadline = performance.now() + patience;
  while (basename(bundle) === containerId && existsSync(bundle) && performance.now() < deadline)
    await sleep(LOOK_AGAIN_MS);
  return true;
}

interface RunningCommand {
  readonly pid: number;
  readonly words: readonly string[];
}

function runningCommands(): RunningCommand[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return [{ pid: Number(name), words: readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').slice(0, -1) }];
    } catch {
      return [];
    }
  });
}

/** A shim is told in its arguments for whom it is (containerd/core/runtime/v2/README.md). */
function isShimOf([program = '', ...words]: readonly string[], namespace: string, containerId: string): boolean {
  const told = (flag: string) => words[words.indexOf(flag) + 1];
  return (
    basename(program).startsWith('containerd-shim') && told('-namespace') === namespace && told('-id') === containerId
  );
}

/** `runc … create … ID`, and the same of crun. What deletes has to be let. */
function isCreation([program = '', ...words]: readonly string[], containerId: string): boolean {
  return /^(runc|crun)$/.test(basename(program)) && words.includes('create') && words.at(-1) === containerId;
}

function workingDirectory(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}
