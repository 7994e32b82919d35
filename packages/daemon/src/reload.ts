import type { EngineEvent } from '@fairlead/engine';
import { CONFIG_FILE, readSettings } from './config-file.ts';
import { type DaemonOptions, optionsOf } from './options.ts';

/** What can change while the daemon runs, by the flag's name; the rest of the file is looked at by the next start. */
const reloadable: Readonly<Record<string, (options: DaemonOptions) => Partial<DaemonOptions>>> = {
  debug: ({ debug }) => ({ debug }),
  label: ({ labels }) => ({ labels }),
  'insecure-registry': ({ insecureRegistries }) => ({ insecureRegistries }),
  'authorization-plugin': ({ authorizationPlugins }) => ({ authorizationPlugins }),
  'registry-mirror': ({ registryMirrors }) => ({ registryMirrors }),
  'shutdown-timeout': ({ shutdownTimeout }) => ({ shutdownTimeout }),
};

/**
 * Read the configuration file again, as dockerd does on SIGHUP: what it says counts, and what it says nothing about stays
 * as it is; but how much is transferred at once is what it is without a file.
 *
 * @throws FairleadError `invalid-argument` for what cannot be read, is not known, or contradicts a flag.
 */
export function reloadedOptions(words: readonly string[], current: DaemonOptions): DaemonOptions {
  const { file, all } = readSettings(words, CONFIG_FILE);
  const fresh = optionsOf(all);
  const { concurrency } = fresh;
  const changes = Object.entries(reloadable).flatMap(([name, pick]) => (file.has(name) ? [pick(fresh)] : []));
  return Object.assign({ ...current, concurrency }, ...changes);
}

/** Those who would be asked about requests and are not yet: one that is asked already may be away for a moment. */
export function newAuthorizers(current: DaemonOptions, fresh: DaemonOptions): string[] {
  return fresh.authorizationPlugins.filter((name) => !current.authorizationPlugins.includes(name));
}

/** What `docker events` tells of it. */
export function reloadEvent(id: string, name: string, options: DaemonOptions): Omit<EngineEvent, 'time'> {
  const { downloads, uploads } = options.concurrency;
  return {
    type: 'daemon',
    action: 'reload',
    id,
    attributes: {
      debug: String(options.debug),
      'insecure-registries': JSON.stringify(options.insecureRegistries),
      labels: JSON.stringify(options.labels),
      'live-restore': 'true',
      'max-concurrent-downloads': String(downloads),
      'max-concurrent-uploads': String(uploads),
      name,
      'registry-mirrors': JSON.stringify(options.registryMirrors),
      'shutdown-timeout': String(options.shutdownTimeout),
    },
  };
}
