import { posix } from 'node:path';
import type { ContainerConfig } from '@fairlead/engine';
import type { WireCreate } from './create-schema.ts';
import { parseExposedPorts } from './port-map.ts';

/** How an image is run. */
export type RunSettings = Pick<
  ContainerConfig,
  'user' | 'workingDir' | 'env' | 'entrypoint' | 'command' | 'labels' | 'exposedPorts' | 'volumes'
>;

/** What a container's `Config` says of how an image is run; a commit takes it as a creation does. */
export function parseRunSettings(wire: WireCreate): RunSettings {
  return {
    user: wire.User,
    workingDir: cleanDirectory(wire.WorkingDir),
    env: wire.Env,
    entrypoint: wire.Entrypoint ?? null,
    command: wire.Cmd ?? null,
    labels: wire.Labels,
    exposedPorts: parseExposedPorts(Object.keys(wire.ExposedPorts)),
    volumes: Object.keys(wire.Volumes),
  };
}

/** As Docker keeps it; empty stays empty, which means the image's. */
function cleanDirectory(path: string): string {
  return path === '' ? '' : posix.normalize(path).replace(/(.)\/$/, '$1');
}
