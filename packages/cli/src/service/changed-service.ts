import { compareText } from '@fairlead/base';
import { listOption, unsignedOption } from '../command/option-values.ts';
import type { Options } from '../command/options.ts';
import { refusal } from '../command/refusal.ts';
import type { Connection } from '../connection/connection.ts';
import { attachment, networkId } from './attachment.ts';
import { changedContainer } from './changed-container.ts';
import { changedFiles } from './changed-files.ts';
import { changedMap } from './changed-map.ts';
import {
  genericResources,
  logDriverOf,
  placementPreference,
  resourcesOf,
  restartPolicyOf,
  updateConfig,
} from './service-options.ts';
import { servicePorts } from './service-port.ts';
import type {
  Attachment,
  GenericResource,
  Placement,
  Resources,
  ServiceMode,
  ServicePort,
  ServiceSpec,
  TaskTemplate,
} from './wire.ts';

/**
 * A service's specification after the options of `service update` (docker/cli, cli/command/service/update.go): what no
 * option speaks of stays.
 *
 * @throws FairleadError `invalid-argument` in docker's words, and what the engine says of things that are not there.
 */
export async function changedService(engine: Connection, spec: ServiceSpec, options: Options): Promise<ServiceSpec> {
  const update = updateConfig(options, 'update', spec.UpdateConfig);
  const rollback = updateConfig(options, 'rollback', spec.RollbackConfig);
  return {
    ...spec,
    Labels: changedMap(spec.Labels, options, 'label'),
    TaskTemplate: await changedTemplate(engine, spec.TaskTemplate, options),
    ...(options.has('replicas') && { Mode: changedMode(spec.Mode, options) }),
    ...(update && { UpdateConfig: update }),
    ...(rollback && { RollbackConfig: rollback }),
    ...changedEndpoint(spec, options),
  };
}

async function changedTemplate(engine: Connection, task: TaskTemplate, options: Options): Promise<TaskTemplate> {
  const restart = restartPolicyOf(options, task.RestartPolicy);
  const log = logDriverOf(options);
  const container = changedContainer(task.ContainerSpec ?? {}, options);
  return {
    ...task,
    ContainerSpec: { ...container, ...(await changedFiles(engine, task.ContainerSpec ?? {}, options)) },
    ...(options.has(...resourceNames) && { Resources: changedResources(task.Resources, options) }),
    ...(restart && { RestartPolicy: restart }),
    ...(options.has(...placementNames) && { Placement: changedPlacement(task.Placement, options) }),
    ...(options.has('network-add', 'network-rm') && {
      Networks: await changedNetworks(engine, task.Networks ?? [], options),
    }),
    ...(log && { LogDriver: log }),
    ...(options.flag('force') && { ForceUpdate: (task.ForceUpdate ?? 0) + 1 }),
  };
}

const resourceNames = [
  'limit-cpu',
  'limit-memory',
  'limit-pids',
  'reserve-cpu',
  'reserve-memory',
  'generic-resource-add',
  'generic-resource-rm',
];
const placementNames = [
  'constraint-add',
  'constraint-rm',
  'placement-pref-add',
  'placement-pref-rm',
  'replicas-max-per-node',
];

function changedResources(before: Resources | null | undefined, options: Options): Resources {
  const resources = resourcesOf(options, before);
  const known = new Map<string, GenericResource>(
    [...(before?.Reservations?.GenericResources ?? []), ...genericResources(options, 'generic-resource-add')].map(
      (resource) => [(resource.DiscreteResourceSpec ?? resource.NamedResourceSpec)?.Kind ?? '', resource],
    ),
  );
  for (const kind of options.list('generic-resource-rm')) {
    if (!known.delete(kind)) throw refusal(`could not find generic-resource \`${kind}\` to remove it`);
  }
  return { ...resources, Reservations: { ...resources.Reservations, GenericResources: [...known.values()] } };
}

function changedPlacement(before: Placement | null | undefined, options: Options): Placement {
  const constraints = [...(before?.Constraints ?? []), ...options.list('constraint-add')];
  const removed = new Set(options.list('constraint-rm'));
  const spread = (text: string) => placementPreference(text).Spread.SpreadDescriptor;
  const unwanted = new Set(listOption(options, 'placement-pref-rm', spread));
  const isKept = ({ Spread }: NonNullable<Placement['Preferences']>[number]) =>
    !unwanted.has(Spread?.SpreadDescriptor ?? '');
  const maxReplicas = unsignedOption(options, 'replicas-max-per-node');
  return {
    ...before,
    ...(options.has('constraint-add', 'constraint-rm') && {
      Constraints: constraints.filter((text) => !removed.has(text)).sort(compareText),
    }),
    ...(options.has('placement-pref-add', 'placement-pref-rm') && {
      Preferences: [
        ...(before?.Preferences ?? []).filter(isKept),
        ...listOption(options, 'placement-pref-add', placementPreference),
      ],
    }),
    ...(maxReplicas !== undefined && { MaxReplicas: maxReplicas }),
  };
}

async function changedNetworks(
  engine: Connection,
  before: readonly Attachment[],
  options: Options,
): Promise<Attachment[]> {
  const removed = new Set<string>();
  for (const name of options.list('network-rm')) removed.add(await networkId(engine, name));
  const networks = before.filter(({ Target = '' }) => !removed.has(Target));
  for (const asked of listOption(options, 'network-add', attachment)) {
    const target = await networkId(engine, asked.Target ?? '');
    if (networks.some(({ Target }) => Target === target)) {
      throw refusal(`service is already attached to network ${asked.Target}`);
    }
    networks.push({ ...asked, Target: target });
  }
  return networks.sort((left, right) => compareText(left.Target ?? '', right.Target ?? ''));
}

function changedMode(before: ServiceMode | undefined, options: Options): ServiceMode {
  if (!before?.Replicated) throw refusal('replicas can only be used with replicated mode');
  return { Replicated: { Replicas: unsignedOption(options, 'replicas') ?? 0 } };
}

function changedEndpoint({ EndpointSpec }: ServiceSpec, options: Options): Pick<ServiceSpec, 'EndpointSpec'> {
  const mode = options.text('endpoint-mode');
  const hasPorts = options.has('publish-add', 'publish-rm');
  if (mode === undefined && !hasPorts) return {};
  return {
    EndpointSpec: {
      ...EndpointSpec,
      ...(mode !== undefined && { Mode: mode }),
      ...(hasPorts && { Ports: changedPorts(EndpointSpec?.Ports ?? [], options) }),
    },
  };
}

/** A port is removed by what it leads to; where it is published does not matter. */
function changedPorts(before: readonly ServicePort[], options: Options): ServicePort[] {
  const leadsTo = ({ TargetPort = 0, Protocol = 'tcp', PublishMode = 'ingress' }: ServicePort) =>
    `${TargetPort}/${Protocol}/${PublishMode}`;
  const whole = (port: ServicePort) => `${port.PublishedPort ?? 0}:${leadsTo(port)}`;
  const removed = new Set(listOption(options, 'publish-rm', servicePorts).flat().map(leadsTo));
  const had = new Set(before.map(whole));
  const kept = before.filter((port) => !removed.has(leadsTo(port)));
  const added = listOption(options, 'publish-add', servicePorts)
    .flat()
    .filter((port) => !had.has(whole(port)));
  return [...kept, ...added].sort((left, right) => compareText(whole(left), whole(right)));
}
