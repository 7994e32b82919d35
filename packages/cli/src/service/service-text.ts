import { formatGoDuration } from '@fairlead/dockerfile';
import { agoText, binarySizeText } from '../format/quantity.ts';
import { entryLines, secondsOf } from '../swarm/words.ts';
import type { ContainerSpec, FileReference, Resources, Service, TaskTemplate, UpdateConfig } from './wire.ts';

/**
 * Lines of `service inspect --pretty`, as docker 28.2 has them.
 *
 * @param networks names of the networks that its tasks are on.
 */
export function serviceText(service: Service, networks: readonly string[]): string[] {
  const { ID, Spec } = service;
  const { TaskTemplate: task } = Spec;
  return [
    '',
    `ID:\t\t${ID}`,
    `Name:\t\t${Spec.Name ?? ''}`,
    ...entryLines('Labels:', Spec.Labels, (key, value) => ` ${value === '' ? key : `${key}=${value}`}`),
    ...modeLines(service),
    ...updateStatusLines(service),
    ...placementLines(task),
    ...updateLines('UpdateConfig', 'Update order:      ', Spec.UpdateConfig),
    ...updateLines('RollbackConfig', 'Rollback order:    ', Spec.RollbackConfig),
    ...containerLines(task.ContainerSpec ?? {}),
    ...logLines(task),
    ...resourceLines(task.Resources),
    ...(networks.length === 0 ? [] : [`Networks: ${networks.join(' ')} `]),
    `Endpoint Mode:\t${service.Endpoint?.Spec?.Mode ?? ''}`,
    ...portLines(service),
    ...healthLines(task.ContainerSpec ?? {}),
    '',
  ];
}

function modeLines({ Spec: { Mode = {} } }: Service): string[] {
  if (Mode.Global) return ['Service Mode:\tGlobal'];
  if (!Mode.Replicated) return ['Service Mode:'];
  const count = Mode.Replicated.Replicas ?? undefined;
  return ['Service Mode:\tReplicated', ...(count === undefined ? [] : [` Replicas:\t${count}`])];
}

function updateStatusLines({ UpdateStatus }: Service): string[] {
  const { State = '', StartedAt, CompletedAt, Message = '' } = UpdateStatus ?? {};
  if (State === '') return [];
  return [
    'UpdateStatus:',
    ` State:\t\t${State}`,
    ...(StartedAt === undefined ? [] : [` Started:\t${agoText(secondsOf(StartedAt))}`]),
    ...(State === 'completed' && CompletedAt !== undefined ? [` Completed:\t${agoText(secondsOf(CompletedAt))}`] : []),
    ` Message:\t${Message}`,
  ];
}

function placementLines({ Placement }: TaskTemplate): string[] {
  const { Constraints, Preferences, MaxReplicas = 0 } = Placement ?? {};
  const spreads = (Preferences ?? []).flatMap(({ Spread }) => (Spread ? `spread=${Spread.SpreadDescriptor}` : []));
  return [
    'Placement:',
    ...(Constraints?.length ? [` Constraints:\t[${Constraints.join(' ')}]`] : []),
    ...(spreads.length > 0 ? [` Preferences:   [${spreads.join(' ')}]`] : []),
    ...(MaxReplicas > 0 ? [` Max Replicas Per Node:   ${MaxReplicas}`] : []),
  ];
}

function updateLines(heading: string, order: string, config: UpdateConfig | null | undefined): string[] {
  if (!config) return [];
  const { Parallelism = 0, Delay = 0, FailureAction = '', Monitor = 0, MaxFailureRatio = 0, Order = '' } = config;
  return [
    `${heading}:`,
    ` Parallelism:\t${Parallelism}`,
    ...(Delay > 0 ? [` Delay:\t\t${formatGoDuration(Delay)}`] : []),
    ` On failure:\t${FailureAction}`,
    ...(Monitor > 0 ? [` Monitoring Period: ${formatGoDuration(Monitor)}`] : []),
    ` Max failure ratio: ${MaxFailureRatio}`,
    ` ${order}${Order}`,
  ];
}

function containerLines(container: ContainerSpec): string[] {
  const { Args, Env, Dir = '', Init, User = '', Mounts } = container;
  const listed = (name: string, values: readonly string[] | null | undefined) =>
    values?.length ? [` ${name}:\t\t${values.map((value) => `${value} `).join('')}`] : [];
  return [
    'ContainerSpec:',
    ` Image:\t\t${container.Image ?? ''}`,
    ...listed('Args', Args),
    ...listed('Env', Env),
    ...(Dir === '' ? [] : [` Dir:\t\t${Dir}`]),
    ...(Init === undefined || Init === null ? [] : [` Init:\t\t${Init}`]),
    ...(User === '' ? [] : [` User: ${User}`]),
    ...capabilityLines(container),
    ...entryLines('SysCtls:', container.Sysctls, (key, value) => ` ${value === '' ? key : `${key}: ${value}`}`),
    ...entryLines(
      'Ulimits:',
      Object.fromEntries((container.Ulimits ?? []).map(({ Name, Soft, Hard }) => [Name, `${Soft}:${Hard}`])),
      (key, value) => ` ${key}: ${value}`,
    ),
    ...(Mounts?.length ? ['Mounts:'] : []),
    ...(Mounts ?? []).flatMap(({ Target = '', Source = '', ReadOnly = false, Type = '' }) => [
      ` Target:\t${Target}`,
      `  Source:\t${Source}`,
      `  ReadOnly:\t${ReadOnly}`,
      `  Type:\t\t${Type}`,
    ]),
    ...fileLines('Configs:', container.Configs),
    ...fileLines('Secrets:', container.Secrets),
  ];
}

function capabilityLines({ CapabilityAdd, CapabilityDrop }: ContainerSpec): string[] {
  const lines = [
    ...(CapabilityAdd?.length ? [` Add: ${CapabilityAdd.join(', ')}`] : []),
    ...(CapabilityDrop?.length ? [` Drop: ${CapabilityDrop.join(', ')}`] : []),
  ];
  return lines.length === 0 ? [] : ['Capabilities:', ...lines];
}

function fileLines(heading: string, files: readonly FileReference[] | null | undefined): string[] {
  if (!files?.length) return [];
  const lines = files.flatMap(({ File, ConfigName, SecretName }) => [
    ` Target:\t${File?.Name ?? ''}`,
    `  Source:\t${ConfigName ?? SecretName ?? ''}`,
  ]);
  return [heading, ...lines];
}

function logLines({ LogDriver }: TaskTemplate): string[] {
  if (!LogDriver) return [];
  return [
    'Log Driver:',
    ...(LogDriver.Name ? [` Name:\t\t${LogDriver.Name}`] : []),
    ...entryLines(' LogOpts:', LogDriver.Options, (key, value) => `  ${value === '' ? key : `${key}:       ${value}`}`),
    '',
  ];
}

function resourceLines(resources: Resources | null | undefined): string[] {
  if (!resources) return [];
  const { Limits, Reservations } = resources;
  const pids = Limits?.Pids ?? 0;
  return [
    'Resources:',
    ...amountLines(' Reservations:', Reservations, false),
    ...amountLines(' Limits:', Limits, pids > 0),
    ...(pids > 0 ? [`  PIDs:\t\t${pids}`] : []),
  ];
}

function amountLines(
  heading: string,
  amounts: { readonly NanoCPUs?: number; readonly MemoryBytes?: number } | null | undefined,
  hasOthers: boolean,
): string[] {
  const { NanoCPUs = 0, MemoryBytes = 0 } = amounts ?? {};
  if (NanoCPUs === 0 && MemoryBytes === 0 && !hasOthers) return [];
  return [
    heading,
    ...(NanoCPUs > 0 ? [`  CPU:\t\t${NanoCPUs / 1e9}`] : []),
    ...(MemoryBytes > 0 ? [`  Memory:\t${binarySizeText(MemoryBytes)}`] : []),
  ];
}

function portLines({ Endpoint }: Service): string[] {
  const ports = Endpoint?.Ports ?? [];
  if (ports.length === 0) return [];
  const lines = ports.flatMap(({ PublishedPort = 0, Protocol = '', TargetPort = 0, PublishMode = '' }) => [
    ` PublishedPort = ${PublishedPort}`,
    `  Protocol = ${Protocol}`,
    `  TargetPort = ${TargetPort}`,
    `  PublishMode = ${PublishMode}`,
  ]);
  return ['Ports:', ...lines.slice(0, -1), `${lines.at(-1)} `];
}

function healthLines({ Healthcheck }: ContainerSpec): string[] {
  if (!Healthcheck) return [];
  const { Test = [], Interval = 0, Timeout = 0, StartPeriod = 0, Retries = 0 } = Healthcheck;
  return [
    ' Healthcheck:',
    `  Interval = ${formatGoDuration(Interval)}`,
    `  Retries = ${Retries}`,
    `  StartPeriod =\t${formatGoDuration(StartPeriod)}`,
    `  Timeout =\t${formatGoDuration(Timeout)}`,
    ...(Test.length === 0 ? [] : `  Tests:${Test.map((word) => `\n\t Test = ${word}`).join('')} `.split('\n')),
  ];
}
