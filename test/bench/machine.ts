import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, release, totalmem } from 'node:os';

/** What of a machine makes a difference, in a sentence; nothing that names it. */
export function machineFacts(): string {
  const model = /^model name\s*:\s*(.+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? process.arch;
  const cores = `${availableParallelism()} cores (${model.trim()})`;
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const kernel = /^\d+\.\d+/.exec(release())?.[0] ?? release();
  const versions = [versionOf('containerd', /v?(\d+\.\d+\.\d+)/), versionOf('runc', /version (\S+?)(\+|$)/m)];
  return [cores, memory, `Linux ${kernel}`, `Node ${process.versions.node}`, ...versions].join(', ');
}

function versionOf(program: string, pattern: RegExp): string {
  const output = execFileSync(program, ['--version'], { encoding: 'utf8' });
  return `${program} ${pattern.exec(output)?.[1] ?? 'of unknown version'}`;
}
