import { type Dictionary, isDictionary } from './yaml-text.ts';

/** Keys of services that mean nothing to a swarm, and are passed over. */
const unsupported = [
  'build',
  'cgroupns_mode',
  'cgroup_parent',
  'devices',
  'domainname',
  'external_links',
  'ipc',
  'links',
  'mac_address',
  'network_mode',
  'pid',
  'privileged',
  'restart',
  'security_opt',
  'shm_size',
  'userns_mode',
];

/** The same, with what docker says of them. */
const deprecated: Readonly<Record<string, string>> = {
  container_name: 'Setting the container name is not supported.',
  expose:
    "Exposing ports is unnecessary - services on the same network can access each other's containers on any port.",
};

/** Keys of version 2 that are refused, with what docker says of them. */
const forbidden: Readonly<Record<string, string>> = {
  extends: 'Support for `extends` is not implemented yet.',
  volume_driver:
    'Instead of setting the volume driver on the service, define a volume using the top-level `volumes` option and ' +
    'specify the driver there.',
  volumes_from:
    'To share a volume between services, define it using the top-level `volumes` option and reference it from each ' +
    'service that shares it using the service-level `volumes` option.',
  cpu_quota: 'Set resource limits using deploy.resources',
  cpu_shares: 'Set resource limits using deploy.resources',
  cpuset: 'Set resource limits using deploy.resources',
  mem_limit: 'Set resource limits using deploy.resources',
  memswap_limit: 'Set resource limits using deploy.resources',
};

/** Keys of the services of files that are not taken as they are. */
export interface OddProperties {
  /** Names. */
  readonly unsupported: readonly string[];
  /** `name: what is said of it`, in order. */
  readonly deprecated: readonly string[];
  readonly forbidden: readonly string[];
}

/** Look for them. */
export function oddProperties(files: readonly Dictionary[]): OddProperties {
  const services = files.flatMap((file) => Object.values(isDictionary(file['services']) ? file['services'] : {}));
  const used = new Set(services.filter(isDictionary).flatMap((service) => Object.keys(service)));
  const told = (words: Readonly<Record<string, string>>) =>
    Object.keys(words)
      .filter((name) => used.has(name))
      .map((name) => `${name}: ${words[name]}`)
      .sort();
  return {
    unsupported: unsupported.filter((name) => used.has(name)).sort(),
    deprecated: told(deprecated),
    forbidden: told(forbidden),
  };
}
