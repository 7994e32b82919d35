import { FairleadError } from '@fairlead/base';
import type { ComposeDeploy, ComposeService } from './compose-config.ts';
import {
  bytes,
  command,
  duration,
  fileReferences,
  healthTest,
  hosts,
  list,
  mappingOf,
  mounts,
  ports,
  texts,
} from './values.ts';
import type { Environment } from './variables.ts';
import { type Dictionary, isDictionary } from './yaml-text.ts';

/** What of the world a file speaks of. */
export interface Surroundings {
  readonly environment: Environment;
  /** A path of the file's made absolute. */
  locate(path: string): string;
  /** What a file has in it, by its absolute path. @throws FairleadError */
  read(path: string): string;
}

/** A service of a file that has been checked. */
export function readService(value: Dictionary, surroundings: Surroundings): ComposeService {
  const dictionary = (key: string) => (isDictionary(value[key]) ? value[key] : {});
  const build = value['build'];
  const logging = dictionary('logging');
  return compact({
    build: typeof build === 'string' ? { context: build } : build,
    cap_add: value['cap_add'],
    cap_drop: value['cap_drop'],
    cgroupns_mode: value['cgroupns_mode'],
    cgroup_parent: value['cgroup_parent'],
    command: command(value['command']),
    configs: fileReferences(value['configs']),
    container_name: value['container_name'],
    credential_spec: value['credential_spec'],
    depends_on: value['depends_on'],
    deploy: readDeploy(dictionary('deploy')),
    devices: value['devices'],
    dns: list(value['dns']),
    dns_search: list(value['dns_search']),
    domainname: value['domainname'],
    entrypoint: command(value['entrypoint']),
    environment: environmentOf(value, surroundings),
    env_file: list(value['env_file']),
    expose: list(value['expose']),
    external_links: value['external_links'],
    extra_hosts: hosts(value['extra_hosts']),
    hostname: value['hostname'],
    healthcheck: isDictionary(value['healthcheck']) ? readHealth(value['healthcheck']) : undefined,
    image: value['image'],
    init: value['init'],
    ipc: value['ipc'],
    isolation: value['isolation'],
    labels: texts(value['labels']),
    links: value['links'],
    logging: compact({ driver: logging['driver'], options: texts(logging['options']) }),
    mac_address: value['mac_address'],
    network_mode: value['network_mode'],
    networks: networksOf(value['networks']),
    pid: value['pid'],
    ports: ports(value['ports']),
    privileged: value['privileged'] || undefined,
    read_only: value['read_only'] || undefined,
    restart: value['restart'],
    secrets: fileReferences(value['secrets']),
    security_opt: value['security_opt'],
    shm_size: value['shm_size'] === undefined ? undefined : String(value['shm_size']),
    stdin_open: value['stdin_open'] || undefined,
    stop_grace_period: duration(value['stop_grace_period']),
    stop_signal: value['stop_signal'],
    sysctls: texts(value['sysctls']),
    tmpfs: list(value['tmpfs']),
    tty: value['tty'] || undefined,
    ulimits: isDictionary(value['ulimits']) ? inOrder(value['ulimits']) : undefined,
    user: value['user'],
    // docker 28.2.2 takes it and forgets it, in the file as in the stack.
    oom_score_adj: value['oom_score_adj'] || undefined,
    userns_mode: value['userns_mode'],
    volumes: mounts(value['volumes'], surroundings.locate),
    working_dir: value['working_dir'],
    ...extensionsOf(value),
  }) as ComposeService;
}

function readHealth(value: Dictionary) {
  return compact(
    {
      test: healthTest(value['test']),
      timeout: duration(value['timeout']),
      interval: duration(value['interval']),
      retries: value['retries'],
      start_period: duration(value['start_period']),
      start_interval: duration(value['start_interval']),
      disable: value['disable'] || undefined,
    },
    false,
  );
}

function readDeploy(value: Dictionary): ComposeDeploy {
  const section = (source: Dictionary, key: string) => (isDictionary(source[key]) ? source[key] : undefined);
  const [limits, reservations] = ['limits', 'reservations'].map((key) =>
    section(section(value, 'resources') ?? {}, key),
  );
  const restart = section(value, 'restart_policy');
  return compact({
    mode: value['mode'],
    replicas: value['replicas'],
    labels: texts(value['labels']),
    update_config: readUpdate(section(value, 'update_config')),
    rollback_config: readUpdate(section(value, 'rollback_config')),
    resources: compact({
      limits:
        limits &&
        compact({ cpus: limits['cpus'], memory: bytes(limits['memory']), pids: limits['pids'] || undefined }, false),
      reservations:
        reservations &&
        compact(
          {
            cpus: reservations['cpus'],
            memory: bytes(reservations['memory']),
            generic_resources: reservations['generic_resources'],
          },
          false,
        ),
    }),
    restart_policy:
      restart &&
      compact(
        {
          condition: restart['condition'],
          delay: duration(restart['delay']),
          max_attempts: restart['max_attempts'],
          window: duration(restart['window']),
        },
        false,
      ),
    placement: compact({ ...section(value, 'placement') }),
    endpoint_mode: value['endpoint_mode'],
  }) as ComposeDeploy;
}

function readUpdate(value: Dictionary | undefined) {
  if (value === undefined) return undefined;
  return compact(
    {
      parallelism: value['parallelism'],
      delay: duration(value['delay']),
      failure_action: value['failure_action'],
      monitor: duration(value['monitor']),
      max_failure_ratio: value['max_failure_ratio'] || undefined,
      order: value['order'],
    },
    false,
  );
}

function networksOf(value: unknown): Dictionary | undefined {
  if (Array.isArray(value))
    return Object.fromEntries(
      value
        .map(String)
        .sort()
        .map((name) => [name, null]),
    );
  if (!isDictionary(value)) return undefined;
  const entries = Object.entries(value).map(([name, own]) => {
    if (!isDictionary(own)) return [name, null] as const;
    const { aliases, driver_opts: options, ipv4_address, ipv6_address } = own;
    return [name, compact({ aliases, driver_opts: texts(options), ipv4_address, ipv6_address }, false)] as const;
  });
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Variables of files and of the service's own; those without a value are the caller's. */
function environmentOf(value: Dictionary, { environment, locate, read }: Surroundings) {
  const fromFiles = (list(value['env_file']) ?? []).map((path) =>
    // A name alone is the caller's variable, or nothing.
    Object.entries(variablesOf(read(locate(path)))).flatMap(([name, own]) => {
      const known = own ?? environment[name];
      return known === undefined ? [] : [[name, known] as const];
    }),
  );
  const all = { ...Object.fromEntries(fromFiles.flat()), ...mappingOf(value['environment']) };
  const entries = Object.entries(all).map(([name, own]) => [name, own || (environment[name] ?? own)] as const);
  return inOrder(Object.fromEntries(entries));
}

/** By their names, as Go writes mappings. */
function inOrder<T>(mapping: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(mapping).sort(([left], [right]) => (left < right ? -1 : 1)));
}

function variablesOf(text: string): Record<string, string | null> {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const bad = lines.find((line) => /^=/.test(line) || /\s/.test(line.split('=', 1)[0] ?? ''));
  if (bad !== undefined) {
    throw new FairleadError('invalid-argument', `variable '${bad.split('=', 1)[0]}' contains whitespaces`);
  }
  return mappingOf(lines) ?? {};
}

/** Keys that are the user's own. */
export function extensionsOf(value: Dictionary): Dictionary {
  return Object.fromEntries(Object.entries(value).filter(([key]) => key.startsWith('x-')));
}

/** The keys that say something. @param deeply also without empty mappings and the whole when it is empty. */
export function compact(fields: Dictionary, deeply = true): Dictionary {
  const isEmpty = (value: unknown) =>
    value === undefined ||
    value === null ||
    value === '' ||
    (Array.isArray(value) && value.length === 0) ||
    (isDictionary(value) && Object.keys(value).length === 0 && deeply);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)));
}
