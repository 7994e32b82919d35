import { execFile } from 'node:child_process';
import { release } from 'node:os';
import { promisify } from 'node:util';

/** What the runtimes said that were asked; one does not change while a daemon runs. */
const asked = new Map<string, Promise<string | undefined>>();

/**
 * Why a runtime cannot make a mount read-only together with what is mounted below it, in Docker's words; `undefined` when it
 * can: the kernel has mount_setattr(2), and the runtime's account of itself names the option `rro` (OCI runtime
 * specification, features).
 *
 * @param binary name or path of the runtime.
 */
export function recursiveReadOnlyFault(binary: string): Promise<string | undefined> {
  return asked.getOrInsertComputed(binary, () => probe(binary));
}

async function probe(binary: string): Promise<string | undefined> {
  if (!hasMountSetattr(release())) return 'rro is not supported: function not implemented (kernel is older than 5.12?)';
  try {
    const { stdout } = await promisify(execFile)(binary, ['features']);
    return namesOption(stdout) ? undefined : `rro is not supported by runtime "${binary}"`;
  } catch {
    // runc before 1.1 and crun before 1.8 have no such command.
    return `rro is not supported by runtime "${binary}": OCI features struct is not available`;
  }
}

/** @param kernelRelease as of uname(2): `6.1.0-18-amd64`. */
export function hasMountSetattr(kernelRelease: string): boolean {
  const [major = 0, minor = 0] = kernelRelease.split(/[.-]/).map(Number);
  return major > 5 || (major === 5 && minor >= 12);
}

/** @param features what the runtime printed. */
export function namesOption(features: string): boolean {
  const { mountOptions } = JSON.parse(features) as { readonly mountOptions?: unknown };
  return Array.isArray(mountOptions) && mountOptions.includes('rro');
}
