import { FairleadError } from '@fairlead/base';
import { refusal } from '../refusal.ts';
import { parseConstraints } from '../task/placement.ts';
import type { ContainerSpec, Limit, TaskSpec } from '../task/task-spec.ts';
import type { ServiceSpec, UpdateConfig } from './service-model.ts';

const nameSyntax = /^[a-zA-Z0-9](?:[\w-]*[a-zA-Z0-9])?$/;
const imageSyntax =
  /^(?:[a-z0-9.-]+(?::\d+)?\/)*[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@[a-z0-9+._-]+:[0-9a-f]{32,})?$/i;
/** Nanoseconds; shorter ones cannot be meant (swarmkit, manager/controlapi/service.go). */
const MINIMUM_HEALTH_DURATION = 1e6;
const MINIMUM_MEMORY = 4 * 1024 * 1024;
const MINIMUM_NANO_CPUS = 1e6;

/** @throws FairleadError `invalid-argument` in the words of dockerd or of its manager. */
export function requireValidService(spec: ServiceSpec): void {
  requireWords(spec);
  requireValidTask(spec.taskTemplate);
  requireMode(spec);
  for (const config of [spec.updateConfig, spec.rollbackConfig]) if (config !== undefined) requireUpdate(config);
  requireName(spec.name);
  requireEndpoint(spec);
  requireReferences(spec.taskTemplate.containerSpec ?? {});
}

/** What dockerd itself looks at, before its manager is asked. */
function requireWords({ taskTemplate, mode, endpointSpec, updateConfig, rollbackConfig }: ServiceSpec): void {
  const { runtime = 'container', containerSpec, restartPolicy } = taskTemplate;
  if (runtime === 'plugin') throw new FairleadError('internal', 'runtime type "plugin" only supported in experimental');
  if (runtime !== 'container' && runtime !== '') throw new FairleadError('invalid-argument', 'unsupported runtime');
  if (containerSpec === undefined) throw new FairleadError('invalid-argument', 'mismatched Runtime and *Spec fields');
  for (const { type = '', bindOptions } of containerSpec.mounts ?? []) {
    if (!['bind', 'volume', 'tmpfs', 'npipe'].includes(type)) throw invalid(`invalid MountType: "${type}"`);
    const { propagation = '' } = bindOptions ?? {};
    if (propagation !== '' && !/^r?(private|shared|slave)$/.test(propagation))
      throw invalid(`invalid MountPropagation: "${propagation}"`);
  }
  const { condition = 'any' } = restartPolicy ?? {};
  if (!['none', 'on-failure', 'any'].includes(condition)) throw invalid(`invalid RestartCondition: "${condition}"`);
  const modes = Object.values(mode).filter((value) => value !== undefined);
  if (modes.length > 1) throw invalid('must specify only one service mode');
  const { mode: resolution = 'vip' } = endpointSpec ?? {};
  if (!['vip', 'dnsrr'].includes(resolution)) throw invalid(`invalid resolution mode: "${resolution}"`);
  for (const config of [updateConfig, rollbackConfig]) {
    const { failureAction = 'pause', order = '' } = config ?? {};
    if (!['pause', 'continue', 'rollback'].includes(failureAction))
      throw invalid(`unrecognized update failure action ${failureAction}`);
    if (!['', 'stop-first', 'start-first'].includes(order)) throw invalid(`unrecognized update order ${order}`);
  }
}

function requireValidTask({ resources, restartPolicy, placement, containerSpec = {} }: TaskSpec): void {
  requireResources(resources?.limits);
  requireResources(resources?.reservations);
  const { delay = 0, window = 0 } = restartPolicy ?? {};
  if (delay < 0) refuse('TaskSpec: restart-delay cannot be negative');
  if (window < 0) refuse('TaskSpec: restart-window cannot be negative');
  parseConstraints(placement?.constraints);
  const { image = '', mounts = [], healthcheck } = containerSpec;
  if (image === '') refuse('ContainerSpec: image reference must be provided');
  if (!imageSyntax.test(image)) refuse(`ContainerSpec: "${image}" is not a valid repository/tag`);
  const targets = mounts.map(({ target = '' }) => target);
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice !== undefined) refuse(`ContainerSpec: duplicate mount point: ${twice}`);
  if (healthcheck === undefined) return;
  for (const [name, value = 0] of [
    ['Interval', healthcheck.interval],
    ['Timeout', healthcheck.timeout],
    ['StartPeriod', healthcheck.startPeriod],
  ] as const) {
    if (value !== 0 && value < MINIMUM_HEALTH_DURATION)
      refuse(`ContainerSpec: ${name} in HealthConfig cannot be less than 1ms`);
  }
  if ((healthcheck.retries ?? 0) < 0) refuse('ContainerSpec: Retries in HealthConfig cannot be negative');
}

function requireResources(limits: Limit = {}): void {
  const { nanoCpus = 0, memoryBytes = 0 } = limits;
  if (nanoCpus !== 0 && nanoCpus < MINIMUM_NANO_CPUS)
    refuse(`invalid cpu value ${nanoCpus / 1e9}: Must be at least 0.001`);
  if (memoryBytes !== 0 && memoryBytes < MINIMUM_MEMORY)
    refuse(`invalid memory value ${memoryBytes}: Must be at least 4MiB`);
}

function requireMode({ mode, updateConfig }: ServiceSpec): void {
  const { replicatedJob, globalJob } = mode;
  if ((mode.replicated?.replicas ?? 0) < 0) refuse('Number of replicas must be non-negative');
  if ((replicatedJob?.maxConcurrent ?? 0) < 0) refuse('Maximum concurrent jobs must not be negative');
  if ((replicatedJob?.totalCompletions ?? 0) < 0) refuse('Total completed jobs must not be negative');
  if ((replicatedJob ?? globalJob) !== undefined && updateConfig !== undefined)
    refuse('Jobs may not have an update config');
}

function requireUpdate({ delay = 0, monitor = 0, maxFailureRatio }: UpdateConfig): void {
  if (delay < 0) refuse('TaskSpec: update-delay cannot be negative');
  if (monitor < 0) refuse('TaskSpec: update-monitor cannot be negative');
  if (maxFailureRatio < 0 || maxFailureRatio > 1)
    refuse('TaskSpec: update-maxfailureratio cannot be less than 0 or bigger than 1');
}

function requireName(name: string): void {
  if (name === '') refuse('meta: name must be provided');
  if (!nameSyntax.test(name)) refuse('name must be valid as a DNS name component');
  if (name.length > 63) refuse('name must be 63 characters or fewer');
}

function requireEndpoint({ endpointSpec }: ServiceSpec): void {
  const { mode, ports = [] } = endpointSpec ?? {};
  const seen = new Set<string>();
  for (const { publishMode = 'ingress', publishedPort = 0, protocol = 'tcp' } of ports) {
    if (mode === 'dnsrr' && publishMode === 'ingress')
      refuse("EndpointSpec: port published with ingress mode can't be used with dnsrr mode");
    const key = `${publishedPort}/${protocol}`;
    if (publishedPort !== 0 && seen.has(key)) refuse('EndpointSpec: duplicate published ports provided');
    seen.add(key);
  }
}

function requireReferences({ secrets = [], configs = [] }: ContainerSpec): void {
  const all = [
    ...secrets.map(({ secretId: id, secretName: name, file }) => ({
      kind: 'secret',
      id,
      name,
      file,
      isRuntime: false,
    })),
    ...configs.map(({ configId: id, configName: name, file, runtime }) => ({
      ...{ kind: 'config', id, name, file },
      isRuntime: runtime !== undefined,
    })),
  ];
  const targets = new Map<string, string>();
  for (const { kind, id, name, file, isRuntime } of all) {
    if (id === '' || name === '') refuse(`malformed ${kind} reference`);
    if (file === undefined) {
      if (!isRuntime) refuse(`malformed ${kind} reference, no target provided`);
      continue;
    }
    if (file.name === '') refuse(`malformed file ${kind} reference, invalid target file name provided`);
    const key = `${kind} ${file.name}`;
    const former = targets.get(key);
    if (former !== undefined)
      refuse(`${kind} references '${former}' and '${name}' have a conflicting target: '${file.name}'`);
    targets.set(key, name);
  }
}

function refuse(words: string): never {
  throw refusal('invalid-argument', words);
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
