import { type LogConfig, settleLogConfig } from '../../log/log-options.ts';
import type { ContainerConfig, HostConfig } from './container-config.ts';

/** What containers get that do not say otherwise: the daemon's flags of these names. */
export interface ContainerDefaults {
  /** An init process comes first. */
  readonly init: boolean;
  /** Nobody in a container gains privileges by what he executes. */
  readonly noNewPrivileges: boolean;
  /** Bytes of `/dev/shm`. */
  readonly shmSize: number;
  readonly ulimits: HostConfig['ulimits'];
  readonly ipcMode: 'private' | 'shareable';
  /** Absent where it depends on the machine. */
  readonly cgroupNamespace?: 'private' | 'host' | undefined;
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
  const ipcMode = host.ipcMode || containerDefaults?.ipcMode || 'private';
  return { ...withDefaults(host, containerDefaults), ipcMode, logConfig: settleLogConfig(host.logConfig, log) };
}

/**
 * What a new container says itself of its view of control groups, else what the operator wants.
 *
 * @param unified whether they are of version 2: with version 1 a privileged container sees the host's.
 */
export function settledFields(
  { host, other }: Pick<ContainerConfig, 'host' | 'other'>,
  unified: boolean,
  defaults: ContainerDefaults | undefined,
): ContainerConfig['other'] {
  if (other.host['CgroupnsMode'] || defaults?.cgroupNamespace === undefined) return other;
  const mode = host.privileged && !unified ? 'host' : defaults.cgroupNamespace;
  return { ...other, host: { ...other.host, CgroupnsMode: mode } };
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
