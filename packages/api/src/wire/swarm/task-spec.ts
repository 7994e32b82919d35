import type { TaskSpec } from '@fairlead/engine';
import { driver } from './annotations.ts';
import { always, flag, integer, list, maybe, named, said, struct, text, texts, word } from './shape.ts';

type Container = NonNullable<TaskSpec['containerSpec']>;
type Mount = NonNullable<Container['mounts']>[number];

const nothing = struct({});

const fileTarget = struct({
  name: always(text, ''),
  uid: named('UID', always(text, '')),
  gid: named('GID', always(text, '')),
  mode: always(integer, 0),
});

const secretReference = struct({
  file: maybe(fileTarget),
  secretId: named('SecretID', always(text, '')),
  secretName: always(text, ''),
});

const configReference = struct({
  file: maybe(fileTarget),
  runtime: maybe(nothing),
  configId: named('ConfigID', always(text, '')),
  configName: always(text, ''),
});

const mount = struct({
  type: maybe(text),
  source: maybe(text),
  target: maybe(text),
  readOnly: maybe(flag),
  consistency: maybe(text),
  bindOptions: maybe(
    struct({
      propagation: maybe(text),
      nonRecursive: maybe(flag),
      createMountpoint: maybe(flag),
      readOnlyNonRecursive: maybe(flag),
      readOnlyForceRecursive: maybe(flag),
    }),
  ),
  volumeOptions: maybe(
    struct({
      noCopy: maybe(flag),
      labels: maybe(texts),
      driverConfig: maybe(driver),
      subpath: maybe(text),
    }),
  ),
  tmpfsOptions: maybe(struct({ sizeBytes: maybe(integer), mode: maybe(integer) })),
}) satisfies { show(value: Mount): unknown };

const healthcheck = struct({
  test: maybe(list(text)),
  interval: maybe(integer),
  timeout: maybe(integer),
  startPeriod: maybe(integer),
  startInterval: maybe(integer),
  retries: maybe(integer),
});

const dnsConfig = struct({
  nameservers: maybe(list(text)),
  search: maybe(list(text)),
  options: maybe(list(text)),
});

const ulimit = struct({ name: always(text, ''), hard: always(integer, 0), soft: always(integer, 0) });

const privileges = struct({
  credentialSpec: maybe(struct({ config: always(text, ''), file: always(text, ''), registry: always(text, '') })),
  selinuxContext: named(
    'SELinuxContext',
    maybe(
      struct({
        disable: always(flag, false),
        user: always(text, ''),
        role: always(text, ''),
        type: always(text, ''),
        level: always(text, ''),
      }),
    ),
  ),
});

const containerSpec = struct({
  image: maybe(text),
  labels: maybe(texts),
  command: maybe(list(text)),
  args: maybe(list(text)),
  hostname: maybe(text),
  env: maybe(list(text)),
  dir: maybe(text),
  user: maybe(text),
  groups: maybe(list(text)),
  privileges: maybe(privileges),
  init: maybe(said(flag)),
  stopSignal: maybe(text),
  tty: named('TTY', maybe(flag)),
  openStdin: maybe(flag),
  readOnly: maybe(flag),
  mounts: maybe(list(mount)),
  stopGracePeriod: maybe(said(integer)),
  healthcheck: maybe(healthcheck),
  hosts: maybe(list(text)),
  dnsConfig: named('DNSConfig', maybe(dnsConfig)),
  secrets: maybe(list(secretReference)),
  configs: maybe(list(configReference)),
  isolation: maybe(text),
  sysctls: maybe(texts),
  capabilityAdd: maybe(list(text)),
  capabilityDrop: maybe(list(text)),
  ulimits: maybe(list(ulimit)),
  oomScoreAdj: maybe(integer),
});

const nanoCpus = named('NanoCPUs', maybe(integer));

const genericResource = struct({
  namedResourceSpec: maybe(struct({ kind: maybe(text), value: maybe(text) })),
  discreteResourceSpec: maybe(struct({ kind: maybe(text), value: maybe(integer) })),
});

const restartPolicy = struct({
  condition: maybe(word<'none' | 'on-failure' | 'any'>()),
  delay: maybe(said(integer)),
  maxAttempts: maybe(said(integer)),
  window: maybe(said(integer)),
});

const placement = struct({
  constraints: maybe(list(text)),
  preferences: maybe(list(struct({ spread: maybe(struct({ spreadDescriptor: always(text, '') })) }))),
  maxReplicas: maybe(integer),
  platforms: maybe(list(struct({ architecture: maybe(text), os: named('OS', maybe(text)) }))),
});

/** `NetworkAttachmentConfig`. */
export const attachment = struct({ target: maybe(text), aliases: maybe(list(text)), driverOpts: maybe(texts) });

/** `TaskTemplate` of a service, and `Spec` of a task. */
export const taskSpec = struct({
  containerSpec: maybe(containerSpec),
  resources: maybe(
    struct({
      limits: maybe(struct({ nanoCpus, memoryBytes: maybe(integer), pids: maybe(integer) })),
      reservations: maybe(
        struct({ nanoCpus, memoryBytes: maybe(integer), genericResources: maybe(list(genericResource)) }),
      ),
    }),
  ),
  restartPolicy: maybe(restartPolicy),
  placement: maybe(placement),
  networks: maybe(list(attachment)),
  logDriver: maybe(driver),
  forceUpdate: always(integer, 0),
  runtime: maybe(text),
}) satisfies { show(value: TaskSpec): unknown };
