import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { FairleadError } from '@fairlead/base';
import { missing, type Requirement } from './requirement.ts';

/**
 * Install what the machine lacks, saying what and why in one line; nothing happens when all is there. Services that come
 * with it are switched off.
 *
 * @throws FairleadError `unavailable` on a machine without apt-get, saying what is needed; `internal` when apt-get fails.
 */
export function provide(requirements: readonly Requirement[], say: (line: string) => void): void {
  const lacking = missing(requirements);
  if (lacking.length === 0) return;
  if (!isDebian(readFileSync('/etc/os-release', 'utf8'))) {
    throw new FairleadError('unavailable', `this machine lacks ${describe(lacking)}: install them and try again`);
  }
  say(`installing ${describe(lacking)} with apt-get`);
  const packages = lacking.map((requirement) => requirement.package);
  installAll(packages);
  for (const { service } of lacking) if (service !== undefined) switchOff(service, say);
}

function installAll(packages: readonly string[]): void {
  if (install(packages).status === 0) return;
  // A fresh image has no package lists.
  aptGet(['update']);
  const { status, stderr } = install(packages);
  if (status !== 0) throw new FairleadError('internal', `apt-get could not install ${packages.join(', ')}: ${stderr}`);
}

/** Debian starts what it installs, where there is systemd to do it. */
function switchOff(service: string, say: (line: string) => void): void {
  if (!existsSync('/run/systemd/system')) return;
  const { status } = spawnSync('systemctl', ['--quiet', 'disable', '--now', service], { stdio: 'ignore' });
  if (status === 0) say(`${service}, which came with it, is switched off: Fairlead does without`);
}

/** True for Debian and for what descends from it, by the text of `/etc/os-release`. */
export function isDebian(release: string): boolean {
  const names = [...release.matchAll(/^(?:ID|ID_LIKE)="?([^"\n]*)"?$/gm)].flatMap(
    (match) => match[1]?.split(' ') ?? [],
  );
  return names.includes('debian');
}

function describe(lacking: readonly Requirement[]): string {
  return lacking.map((requirement) => `${requirement.package} (${requirement.purpose})`).join(', ');
}

function install(packages: readonly string[]): { readonly status: number | null; readonly stderr: string } {
  return aptGet(['install', '--yes', '--no-install-recommends', ...packages]);
}

function aptGet(words: readonly string[]): { readonly status: number | null; readonly stderr: string } {
  // A machine that was just started may be busy with updates of its own.
  return spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...words], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}
