import { anything, either, formatted, listOf, mapping, oneOfWords, plain, type Shape } from './shape.ts';

/** What a Compose file of version 3 may have in it: docker/cli, cli/compose/schema (config_schema_v3.13.json). */

const text = plain('string');
const flag = plain('boolean');
const integer = plain('integer');
const number = plain('number');
const duration = formatted('duration', 'string');
const texts = listOf(text, { unique: true });
const textOrTexts = either(text, texts);
const words = either(text, listOf(text));
const extension = [/^x-/, anything] as const;
const anyName = /^[a-zA-Z0-9._-]+$/;
const assignments = either(
  mapping({}, { others: [[/./, plain('string', 'number', 'null')]] }),
  listOf(text, { unique: true }),
);
const driverOptions = mapping({}, { others: [[/./, plain('string', 'number')]], open: true });
const external = {
  types: ['boolean', 'object'],
  inside: mapping({ name: text }).inside,
} satisfies Shape;

const fileReference = either(
  text,
  mapping({ source: text, target: text, uid: text, gid: text, mode: number }, { open: true }),
);

const healthcheck = mapping({
  disable: flag,
  interval: duration,
  retries: number,
  test: words,
  timeout: duration,
  start_period: duration,
  start_interval: duration,
});

const updateConfig = mapping({
  parallelism: integer,
  delay: duration,
  failure_action: text,
  monitor: duration,
  max_failure_ratio: number,
  order: oneOfWords('start-first', 'stop-first'),
});

const genericResources = listOf(mapping({ discrete_resource_spec: mapping({ kind: text, value: number }) }));

const deployment = mapping(
  {
    mode: text,
    endpoint_mode: text,
    replicas: integer,
    labels: assignments,
    rollback_config: updateConfig,
    update_config: updateConfig,
    resources: mapping({
      limits: mapping({ cpus: text, memory: text, pids: integer }),
      reservations: mapping({ cpus: text, memory: text, generic_resources: genericResources }),
    }),
    restart_policy: mapping({ condition: text, delay: duration, max_attempts: integer, window: duration }),
    placement: mapping({
      constraints: listOf(text),
      preferences: listOf(mapping({ spread: text })),
      max_replicas_per_node: integer,
    }),
  },
  { nullable: true },
);

const serviceNetworks = either(
  texts,
  mapping(
    {},
    {
      others: [
        [
          anyName,
          either(
            mapping({ aliases: texts, driver_opts: driverOptions, ipv4_address: text, ipv6_address: text }),
            plain('null'),
          ),
        ],
      ],
    },
  ),
);

const port = either(
  formatted('ports', 'number'),
  formatted('ports', 'string'),
  mapping({ mode: text, target: integer, published: integer, protocol: text }),
);

const ulimit = either(integer, mapping({ hard: integer, soft: integer }, { required: ['soft', 'hard'] }));

const mount = either(
  text,
  mapping(
    {
      type: text,
      source: text,
      target: text,
      read_only: flag,
      consistency: text,
      bind: mapping({ propagation: text }, { open: true }),
      volume: mapping({ nocopy: flag }, { open: true }),
      image: mapping({ subpath: text }, { open: true }),
      tmpfs: mapping({ size: integer }, { open: true }),
    },
    { required: ['type'] },
  ),
);

const service = mapping(
  {
    deploy: deployment,
    build: either(text, mapping({}, { open: true })),
    cap_add: texts,
    cap_drop: texts,
    cgroupns_mode: text,
    cgroup_parent: text,
    command: words,
    configs: listOf(fileReference),
    container_name: text,
    credential_spec: mapping({ config: text, file: text, registry: text }),
    depends_on: texts,
    devices: texts,
    dns: textOrTexts,
    dns_search: textOrTexts,
    domainname: text,
    entrypoint: words,
    env_file: textOrTexts,
    environment: assignments,
    expose: listOf(plain('string', 'number'), { unique: true }),
    external_links: texts,
    extra_hosts: assignments,
    healthcheck,
    hostname: text,
    image: text,
    init: flag,
    ipc: text,
    isolation: text,
    labels: assignments,
    links: texts,
    logging: mapping({
      driver: text,
      options: mapping({}, { others: [[/./, plain('string', 'number', 'null')]], open: true }),
    }),
    mac_address: text,
    network_mode: text,
    networks: serviceNetworks,
    oom_score_adj: integer,
    pid: plain('string', 'null'),
    ports: listOf(port, { unique: true }),
    privileged: flag,
    read_only: flag,
    restart: text,
    security_opt: texts,
    shm_size: plain('number', 'string'),
    secrets: listOf(fileReference),
    sysctls: assignments,
    stdin_open: flag,
    stop_grace_period: duration,
    stop_signal: text,
    tmpfs: textOrTexts,
    tty: flag,
    ulimits: mapping({}, { others: [[/^[a-z]+$/, ulimit]], open: true }),
    user: text,
    userns_mode: text,
    volumes: listOf(mount),
    working_dir: text,
  },
  { others: [extension] },
);

const network = mapping(
  {
    name: text,
    driver: text,
    driver_opts: driverOptions,
    ipam: mapping({ driver: text, config: listOf(mapping({ subnet: text })) }),
    external,
    internal: flag,
    attachable: flag,
    labels: assignments,
  },
  { others: [extension], nullable: true },
);

const volume = mapping(
  { name: text, driver: text, driver_opts: driverOptions, external, labels: assignments },
  { others: [extension], nullable: true },
);

const fileKeys = { name: text, file: text, external, labels: assignments, template_driver: text };
const secret = mapping({ ...fileKeys, driver: text, driver_opts: driverOptions }, { others: [extension] });
const config = mapping(fileKeys, { others: [extension] });

const named = (shape: Shape, open = false) => mapping({}, { others: [[anyName, shape]], open });

/** A whole file. */
export const fileShape: Shape = mapping(
  {
    version: text,
    services: named(service),
    networks: named(network, true),
    volumes: named(volume),
    secrets: named(secret),
    configs: named(config),
  },
  { others: [extension] },
);
