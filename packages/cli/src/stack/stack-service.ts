import type { ComposeConfig, ComposeService, ComposeUpdate } from '@fairlead/compose';
import { parseGoDuration } from '@fairlead/dockerfile';
import { refusal } from '../command/refusal.ts';
import { restartPolicy } from '../container/create-request.ts';
import { newCapabilities } from '../service/capabilities.ts';
import { hostsLine } from '../service/service-options.ts';
import type {
  Attachment,
  ContainerSpec,
  FileReference,
  HealthCheck,
  Resources,
  RestartPolicy,
  ServiceMode,
  ServicePort,
  ServiceSpec,
  UpdateConfig,
} from '../service/wire.ts';
import { scoped, stackLabel } from './namespace.ts';
import { stackMount } from './stack-mount.ts';

/** The label that keeps the image as the file has it. */
export const imageLabel = 'com.docker.stack.image';

/** Secrets and configs of a service, with their ids. */
export interface ServiceFiles {
  readonly secrets: readonly FileReference[];
  readonly configs: readonly FileReference[];
}

/**
 * The service that a stack's file asks for (docker/cli, cli/compose/convert/service.go).
 *
 * @throws FairleadError `invalid-argument` in docker's words for what a service cannot be.
 */
export function stackService(
  stack: string,
  name: string,
  service: ComposeService,
  config: ComposeConfig,
  files: ServiceFiles,
): ServiceSpec {
  const { deploy = {}, image = '' } = service;
  const restart = restartOf(service);
  const update = updateOf(deploy.update_config);
  const rollback = updateOf(deploy.rollback_config);
  return {
    Name: scoped(stack, name),
    Labels: { ...deploy.labels, [stackLabel]: stack, [imageLabel]: image },
    TaskTemplate: {
      ContainerSpec: containerOf(stack, service, config, files),
      ...(service.logging && {
        LogDriver: { Name: service.logging.driver ?? '', Options: service.logging.options ?? {} },
      }),
      Resources: resourcesOf(deploy.resources ?? {}),
      ...(restart && { RestartPolicy: restart }),
      Placement: {
        Constraints: deploy.placement?.constraints ?? [],
        Preferences: (deploy.placement?.preferences ?? []).map(({ spread = '' }) => ({
          Spread: { SpreadDescriptor: spread },
        })),
        ...(deploy.placement?.max_replicas_per_node && { MaxReplicas: deploy.placement.max_replicas_per_node }),
      },
      Networks: attachmentsOf(stack, name, service, config),
    },
    EndpointSpec: { Mode: (deploy.endpoint_mode ?? '').toLowerCase(), Ports: portsOf(service) },
    Mode: modeOf(deploy.mode, deploy.replicas),
    ...(update && { UpdateConfig: update }),
    ...(rollback && { RollbackConfig: rollback }),
  };
}

function containerOf(
  stack: string,
  service: ComposeService,
  config: ComposeConfig,
  { secrets, configs }: ServiceFiles,
): ContainerSpec {
  const { add, drop } = newCapabilities({ add: service.cap_add ?? [], drop: service.cap_drop ?? [] });
  const health = healthOf(service);
  const hasNames = (service.dns ?? service.dns_search) !== undefined;
  const credentials = credentialsOf(stack, service, configs);
  return {
    Image: service.image ?? '',
    Command: service.entrypoint ?? [],
    Args: service.command ?? [],
    Hostname: service.hostname ?? '',
    Hosts: (service.extra_hosts ?? []).map(hostsLine),
    ...(hasNames && {
      DNSConfig: { Nameservers: service.dns ?? [], Search: service.dns_search ?? [], Options: undefined },
    }),
    ...(health && { Healthcheck: health }),
    Env: Object.entries(service.environment ?? {})
      .map(([key, value]) => (value === null ? key : `${key}=${value}`))
      .sort(),
    Labels: { ...service.labels, [stackLabel]: stack },
    Dir: service.working_dir ?? '',
    User: service.user ?? '',
    Mounts: (service.volumes ?? []).map((mount) => stackMount(stack, mount, config.volumes ?? {})),
    ...(service.stop_grace_period && { StopGracePeriod: parseGoDuration(service.stop_grace_period) }),
    StopSignal: service.stop_signal ?? '',
    TTY: service.tty ?? false,
    OpenStdin: service.stdin_open ?? false,
    ReadOnly: service.read_only ?? false,
    ...(credentials && { Privileges: { CredentialSpec: credentials } }),
    Isolation: service.isolation ?? '',
    ...(service.init !== undefined && { Init: service.init }),
    Sysctls: service.sysctls ?? {},
    CapabilityAdd: add,
    CapabilityDrop: drop,
    Ulimits: Object.entries(service.ulimits ?? {})
      .map(([Name, limit]) =>
        typeof limit === 'number' ? { Name, Soft: limit, Hard: limit } : { Name, Soft: limit.soft, Hard: limit.hard },
      )
      .sort((left, right) => (left.Name < right.Name ? -1 : 1)),
    ...(service.oom_score_adj && { OomScoreAdj: service.oom_score_adj }),
    Secrets: secrets,
    Configs: configs,
  };
}

function credentialsOf(
  stack: string,
  { credential_spec: spec = {} }: ComposeService,
  configs: readonly FileReference[],
) {
  const { config, file, registry } = spec;
  const given = [config && '"Config"', file && '"File"', registry && '"Registry"'].filter(Boolean);
  if (given.length === 0) return undefined;
  if (given.length > 1) {
    const last = given.pop();
    throw refusal(
      `invalid credential spec: cannot specify both ${given.join(', ')}${given.length > 1 ? ',' : ''} and ${last}`,
    );
  }
  if (!config) return { ...(file && { File: file }), ...(registry && { Registry: registry }) };
  const found = configs.find(({ ConfigName }) => ConfigName === config || ConfigName === scoped(stack, config));
  if (found?.ConfigID) return { Config: found.ConfigID };
  throw refusal(`invalid credential spec: spec specifies config ${config}, but no such config can be found`);
}

function healthOf({ healthcheck }: ComposeService): HealthCheck | undefined {
  if (healthcheck === undefined) return undefined;
  const { test = [], disable = false, retries = 0 } = healthcheck;
  if (disable && test.length > 0) throw refusal("test and disable can't be set at the same time");
  if (disable) return { Test: ['NONE'] };
  const span = (text: string | undefined) => (text === undefined ? 0 : parseGoDuration(text));
  return {
    Test: test,
    Timeout: span(healthcheck.timeout),
    Interval: span(healthcheck.interval),
    Retries: retries,
    StartPeriod: span(healthcheck.start_period),
    StartInterval: span(healthcheck.start_interval),
  };
}

function restartOf({ restart, deploy }: ComposeService): RestartPolicy | undefined {
  const policy = deploy?.restart_policy;
  if (policy !== undefined) {
    return {
      Condition: policy.condition ?? '',
      ...(policy.delay !== undefined && { Delay: parseGoDuration(policy.delay) }),
      ...(policy.max_attempts !== undefined && { MaxAttempts: policy.max_attempts }),
      ...(policy.window !== undefined && { Window: parseGoDuration(policy.window) }),
    };
  }
  const { Name, MaximumRetryCount } = restartPolicy(restart ?? 'no');
  const attempts = MaximumRetryCount > 0 && { MaxAttempts: MaximumRetryCount };
  switch (Name) {
    case 'no':
    case '':
      return undefined;
    case 'always':
    case 'unless-stopped':
      return { Condition: 'any', ...attempts };
    case 'on-failure':
      return { Condition: 'on-failure', ...attempts };
    default:
      throw refusal(`unknown restart policy: ${Name}`);
  }
}

function updateOf(update: ComposeUpdate | undefined): UpdateConfig | undefined {
  if (update === undefined) return undefined;
  return {
    Parallelism: update.parallelism ?? 1,
    Delay: parseGoDuration(update.delay ?? '0'),
    FailureAction: update.failure_action ?? '',
    Monitor: parseGoDuration(update.monitor ?? '0'),
    MaxFailureRatio: update.max_failure_ratio ?? 0,
    Order: update.order ?? '',
  };
}

function resourcesOf({
  limits,
  reservations,
}: NonNullable<NonNullable<ComposeService['deploy']>['resources']>): Resources {
  return {
    ...(limits && {
      Limits: { NanoCPUs: cpus(limits.cpus), MemoryBytes: Number(limits.memory ?? 0), Pids: limits.pids ?? 0 },
    }),
    ...(reservations && {
      Reservations: {
        NanoCPUs: cpus(reservations.cpus),
        MemoryBytes: Number(reservations.memory ?? 0),
        GenericResources: (reservations.generic_resources ?? []).map(({ discrete_resource_spec: discrete }) =>
          discrete === undefined ? {} : { DiscreteResourceSpec: { Kind: discrete.kind, Value: discrete.value } },
        ),
      },
    }),
  };
}

function cpus(text = ''): number {
  if (text === '') return 0;
  if (/^(\d+\.?\d*|\.\d+)$/.test(text)) return Math.round(Number(text) * 1e9);
  throw refusal(`failed to parse ${text} as a rational number`);
}

/** Networks that are not a swarm's know no other names. */
const predefined = new Set(['bridge', 'host', 'none', 'default']);

function attachmentsOf(stack: string, name: string, service: ComposeService, config: ComposeConfig): Attachment[] {
  const networks = Object.entries(service.networks ?? { default: null });
  const attachments = networks.map(([network, own]) => {
    const declared = config.networks?.[network];
    if (declared === undefined && network !== 'default') throw refusal(`undefined network ${JSON.stringify(network)}`);
    const target = declared?.name ?? scoped(stack, network);
    return {
      Target: target,
      Aliases: [...(own?.aliases ?? []), ...(predefined.has(target) ? [] : [name])],
      ...(own?.driver_opts && { DriverOpts: own.driver_opts }),
    };
  });
  return attachments.sort((left, right) => (left.Target < right.Target ? -1 : 1));
}

function portsOf({ ports = [] }: ComposeService): ServicePort[] {
  return ports
    .map(({ protocol = '', target = 0, published = 0, mode = '' }) => ({
      Protocol: protocol,
      TargetPort: target,
      PublishedPort: published,
      PublishMode: mode,
    }))
    .sort((left, right) => left.PublishedPort - right.PublishedPort || left.TargetPort - right.TargetPort);
}

function modeOf(mode = '', replicas?: number): ServiceMode {
  if (/^global(-job)?$/.test(mode)) {
    if (replicas !== undefined) {
      throw refusal('replicas can only be used with replicated or replicated-job mode');
    }
    return mode === 'global' ? { Global: {} } : { GlobalJob: {} };
  }
  if (mode === 'replicated' || mode === '') return { Replicated: { Replicas: replicas ?? null } };
  if (mode === 'replicated-job')
    return { ReplicatedJob: { MaxConcurrent: replicas ?? null, TotalCompletions: replicas ?? null } };
  throw refusal(`Unknown mode: ${mode}`);
}
