import { type LogConfig, settleLogConfig } from '../../log/log-options.ts';
import type { HostConfig } from './container-config.ts';

/** What containers get that do not say otherwise: the daemon's flags of these names. */
export interface ContainerDefaults {
  /** An init process comes first. */
  readonly init: boolean;
  /** Nobody in a container gains privileges by what he executes. */
  readonly noNewPrivileges: boolean;
  /** Bytes of `/dev/shm`. */
  readonly shmSize: number;
  readonly ulimits: HostConfig['ulimits'];
}

/**
 * The configuration of a new container with what the operator wants for those that do not say.
 *
 * @throws FairleadError `invalid-argument` for a log that cannot be.
 */
export function settledHost(
  host: HostConfig,
  { log, containerDefaults }: { readonly log: LogConfig; readonly containerDefaults?: ContainerDefaults },
): HostConfig {
  return { ...withDefaults(host, containerDefaults), logConfig: settleLogConfig(host.logConfig, log) };
}

function withDefaults(host: HostConfig, defaults: ContainerDefaults | undefined): HostConfig {
  if (defaults === undefined) return host;
  const { securityOptions, ulimits, init = defaults.init } = host;
  const says = securityOptions.some((option) => option.startsWith('no-new-privileges'));
  const named = new Set(ulimits.map(({ name }) => name));
  return {
    ...host,
    ...(init && { init }),
    securityOptions: defaults.noNewPrivileges && !says ? [...securityOptions, 'no-new-privileges'] : securityOptions,
    shmSize: host.shmSize || defaults.shmSize,
    ulimits: [...ulimits, ...defaults.ulimits.filter(({ name }) => !named.has(name))],
  };
}
