import { readFileSync } from 'node:fs';
import { FairleadError } from '@fairlead/base';
import { parseEffectiveCapabilities } from './capabilities.ts';
import type { HostFacts } from './container-spec.ts';
import { isUnifiedCgroup } from './runtime-choice.ts';
import type { Architecture } from './seccomp-profile.ts';

/** Look at this host and this process: two small files under /proc and one under /sys. */
export function readHostFacts(): HostFacts {
  const capabilities = parseEffectiveCapabilities(readFileSync('/proc/self/status', 'utf8'));
  const canRaise = capabilities.includes('CAP_SYS_RESOURCE');
  return {
    architecture: architectureOf(process.arch),
    unifiedCgroup: isUnifiedCgroup(),
    capabilities,
    hardLimits: canRaise ? undefined : parseHardLimits(readFileSync('/proc/self/limits', 'utf8')),
  };
}

/** The architecture of this machine by Docker's name. @throws FairleadError `not-implemented` on any other. */
function architectureOf(nodeArchitecture: string): Architecture {
  if (nodeArchitecture === 'x64') return 'amd64';
  if (nodeArchitecture === 'arm64') return 'arm64';
  throw new FairleadError('not-implemented', `no seccomp profile for architecture ${nodeArchitecture}`);
}

/** Names of limits in /proc/PID/limits (fs/proc/base.c) and as `--ulimit` has them. */
const limitNames: Readonly<Record<string, string>> = {
  'Max address space': 'as',
  'Max core file size': 'core',
  'Max cpu time': 'cpu',
  'Max data size': 'data',
  'Max file locks': 'locks',
  'Max file size': 'fsize',
  'Max locked memory': 'memlock',
  'Max msgqueue size': 'msgqueue',
  'Max nice priority': 'nice',
  'Max open files': 'nofile',
  'Max pending signals': 'sigpending',
  'Max processes': 'nproc',
  'Max realtime priority': 'rtprio',
  'Max realtime timeout': 'rttime',
  'Max resident set': 'rss',
  'Max stack size': 'stack',
};

/** Hard limits by name from the text of /proc/PID/limits; -1 is unlimited. */
export function parseHardLimits(text: string): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const [, title = '', hard = ''] = /^(Max .*?)\s{2,}\S+\s+(\S+)/.exec(line) ?? [];
    const name = limitNames[title];
    if (name) limits[name] = hard === 'unlimited' ? -1 : Number(hard);
  }
  return limits;
}
