import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds that containerd has to take away what a shim leaves; it needs about 100. */
const patience = 5000;
const LOOK_AGAIN_MS = 20;

/**
 * End the shim of a container that containerd knows no task of. A client that is gone while its task is created leaves
 * one, from containerd 2 on, with the process that it was about to start; every later attempt then fails with "file
 * exists". containerd still holds the connection: when it breaks, the process, the mounts and the bundle go.
 *
 * @returns when they have gone, whether there was one.
 */
export async function endLostShim(namespace: string, containerId: string): Promise<boolean> {
  const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && isShimOf(name, namespace, containerId));
  if (pid === undefined) return false;
  const bundle = readlinkSync(`/proc/${pid}/cwd`);
  process.kill(Number(pid), 'SIGKILL');
  const deadline = performance.now() + patience;
  while (basename(bundle) === containerId && existsSync(bundle) && performance.now() < deadline)
    await sleep(LOOK_AGAIN_MS);
  return true;
}

/** A shim is told in its arguments for whom it is (containerd/core/runtime/v2/README.md). */
function isShimOf(pid: string, namespace: string, containerId: string): boolean {
  try {
    const [program = '', ...words] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const told = (flag: string) => words[words.indexOf(flag) + 1];
    return (
      basename(program).startsWith('containerd-shim') && told('-namespace') === namespace && told('-id') === containerId
    );
  } catch {
    return false;
  }
}
