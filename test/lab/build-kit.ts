import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cliPlugin } from './cli-plugins.ts';

const folders = (process.env['PATH'] ?? '').split(':');

/** buildkitd, and the plugin that has docker commands build with it. */
export interface BuildKitPrograms {
  readonly buildkitd: string;
  readonly buildx: string;
}

/** Those of the machine, or those that FAIRLEAD_BUILDKITD and FAIRLEAD_BUILDX name. */
export function buildKitPrograms(): Partial<BuildKitPrograms> {
  const named = process.env['FAIRLEAD_BUILDKITD'];
  const places = [...(named === undefined ? [] : [named]), ...folders.map((folder) => join(folder, 'buildkitd'))];
  const buildkitd = places.find((path) => existsSync(path));
  const buildx = cliPlugin('docker-buildx', 'FAIRLEAD_BUILDX');
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

/** A folder for DOCKER_CONFIG in which docker commands find Buildx. */
export function configWithBuildx(folder: string, { buildx }: Partial<BuildKitPrograms>): string {
  mkdirSync(join(folder, 'cli-plugins'), { recursive: true });
  if (buildx !== undefined) symlinkSync(buildx, join(folder, 'cli-plugins', 'docker-buildx'));
  return folder;
}
