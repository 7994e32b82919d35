import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Where docker commands look for their plugins (docker/cli, cli-plugins/manager). */
const pluginFolders = [
  join(homedir(), '.docker/cli-plugins'),
  ...['/usr/local/lib', '/usr/local/libexec', '/usr/lib', '/usr/libexec'].map(
    (folder) => `${folder}/docker/cli-plugins`,
  ),
];

const folders = (process.env['PATH'] ?? '').split(':');

/** buildkitd, and the plugin that has docker commands build with it. */
export interface BuildKitPrograms {
  readonly buildkitd: string;
  readonly buildx: string;
}

/** Those of the machine, or those that FAIRLEAD_BUILDKITD and FAIRLEAD_BUILDX name. */
export function buildKitPrograms(): Partial<BuildKitPrograms> {
  const found = (named: string | undefined, places: readonly string[]) =>
    [...(named === undefined ? [] : [named]), ...places].find((path) => existsSync(path));
  const buildkitd = found(
    process.env['FAIRLEAD_BUILDKITD'],
    folders.map((folder) => join(folder, 'buildkitd')),
  );
  const buildx = found(
    process.env['FAIRLEAD_BUILDX'],
    pluginFolders.map((folder) => join(folder, 'docker-buildx')),
  );
  return { ...(buildkitd && { buildkitd }), ...(buildx && { buildx }) };
}

/** Options of a test that needs both. */
export function withBuildKit(): { readonly skip?: string } {
  const { buildkitd, buildx } = buildKitPrograms();
  const missing = [buildkitd ? [] : ['buildkitd'], buildx ? [] : ['docker-buildx']].flat();
  return missing.length === 0 ? {} : { skip: `not installed: ${missing.join(', ')}` };
}

/** Options of a test that is about a machine without buildkitd. */
export function withoutBuildkitd(): { readonly skip?: string } {
  return folders.some((folder) => existsSync(join(folder, 'buildkitd'))) ? { skip: 'buildkitd is installed' } : {};
}

/** The PATH of a daemon that is to find a buildkitd. */
export function pathWith({ buildkitd }: Partial<BuildKitPrograms>): string {
  return [...folders, ...(buildkitd === undefined ? [] : [dirname(buildkitd)])].join(':');
}

/** A folder for DOCKER_CONFIG in which the docker command finds Buildx. */
export function configWithBuildx(folder: string, { buildx }: Partial<BuildKitPrograms>): string {
  mkdirSync(join(folder, 'cli-plugins'), { recursive: true });
  if (buildx !== undefined) symlinkSync(buildx, join(folder, 'cli-plugins', 'docker-buildx'));
  return folder;
}
