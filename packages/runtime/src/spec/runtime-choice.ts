import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

/** What the choice of an OCI runtime depends on. */
export type RuntimeFacts = {
  /** The host has nothing but control group version 2. */
  readonly unifiedCgroup: boolean;
  /** Output of `crun --version`; undefined when there is no crun. */
  readonly crunVersion: string | undefined;
};

/**
 * The OCI runtime to use. crun starts a container in a third of runc's time, but that is proved only with control
 * group version 2, and versions before 1.9 raise limits that a daemon without CAP_SYS_RESOURCE may not raise.
 */
export function chooseRuntime(facts: RuntimeFacts): 'runc' | 'crun' {
  if (!facts.unifiedCgroup || facts.crunVersion === undefined) return 'runc';
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(facts.crunVersion) ?? [];
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 9) ? 'crun' : 'runc';
}

/** Look at the host: one file, and `crun --version` only where crun could be chosen. */
export async function probeRuntime(): Promise<RuntimeFacts> {
  const unifiedCgroup = isUnifiedCgroup();
  return { unifiedCgroup, crunVersion: unifiedCgroup ? await crunVersion() : undefined };
}

/** True when /sys/fs/cgroup is the version 2 hierarchy itself (cgroups(7)): only there the file exists. */
export function isUnifiedCgroup(): boolean {
  return existsSync('/sys/fs/cgroup/cgroup.controllers');
}

async function crunVersion(): Promise<string | undefined> {
  try {
    return (await promisify(execFile)('crun', ['--version'])).stdout;
  } catch {
    return undefined;
  }
}
