import { isNotFound, shortIdentifier } from '@fairlead/base';
import type { Action, Invocation } from '../command/command.ts';
import { refusal } from '../command/refusal.ts';
import type { Connection } from '../connection/connection.ts';
import { filterText, printListing } from '../format/listing.ts';
import { inspectOrTell } from '../swarm/pretty.ts';
import { printTasks, type Task, withoutDigest } from '../swarm/tasks.ts';
import { naturally } from '../swarm/words.ts';
import { meshPortText } from './mesh-port-text.ts';
import { serviceText } from './service-text.ts';
import type { Service } from './wire.ts';

const headings = {
  ID: 'ID',
  Name: 'NAME',
  Mode: 'MODE',
  Replicas: 'REPLICAS',
  Image: 'IMAGE',
  Ports: 'PORTS',
};

/** `fairlead service ls`. */
export const list: Action = async (invocation) => {
  showServices(invocation, await listServices(invocation, invocation.options.list('filter')));
  return 0;
};

/** Services that filters let through, with how many of their tasks run. */
export function listServices({ options, engine }: Invocation, filters: readonly string[]): Promise<readonly Service[]> {
  const query = { filters: filterText(filters), status: !options.flag('quiet') || undefined };
  return engine.ask<readonly Service[]>('GET', '/services', { query });
}

/** Print services as `service ls` and `stack services` do. */
export function showServices(invocation: Invocation, services: readonly Service[]): void {
  const sorted = services.toSorted((left, right) => naturally(left.Spec.Name ?? '', right.Spec.Name ?? ''));
  printListing(invocation, {
    rows: sorted.map((service) => ({
      ID: shortIdentifier(service.ID),
      Name: service.Spec.Name ?? '',
      Mode: modeText(service),
      Replicas: replicasText(service),
      Image: withoutDigest(service.Spec.TaskTemplate.ContainerSpec?.Image ?? ''),
      Ports: meshPortText(service.Endpoint?.Ports ?? []),
    })),
    headings,
    columns: Object.keys(headings),
    identity: 'ID',
    raw: services,
  });
}

function modeText({ Spec: { Mode = {} } }: Service): string {
  if (Mode.Global) return 'global';
  if (Mode.Replicated) return 'replicated';
  if (Mode.ReplicatedJob) return 'replicated job';
  return Mode.GlobalJob ? 'global job' : '';
}

function replicasText({ Spec: { Mode = {}, TaskTemplate }, ServiceStatus }: Service): string {
  const { RunningTasks: running = 0, DesiredTasks: desired = 0, CompletedTasks: done = 0 } = ServiceStatus ?? {};
  const reached = `${running}/${desired}`;
  if (Mode.ReplicatedJob) return `${reached} (${done}/${Mode.ReplicatedJob.TotalCompletions ?? 0} completed)`;
  if (Mode.GlobalJob) return `${reached} (${done}/${desired + done} completed)`;
  const most = Mode.Replicated ? (TaskTemplate.Placement?.MaxReplicas ?? 0) : 0;
  return most > 0 ? `${reached} (max ${most} per node)` : reached;
}

/** `fairlead service inspect`. */
export const inspect: Action = (invocation) =>
  inspectOrTell(
    invocation,
    (name) => findService(invocation.engine, name),
    async (service) => serviceText(service, await networkNames(invocation.engine, service)),
  );

async function findService(engine: Connection, name: string): Promise<Service> {
  try {
    return await engine.ask<Service>('GET', `/services/${name}`, { query: { insertDefaults: true } });
  } catch (error) {
    throw isNotFound(error) ? refusal(`Error: no such service: ${name}`) : error;
  }
}

async function networkNames(engine: Connection, { Spec }: Service): Promise<string[]> {
  const names: string[] = [];
  for (const { Target = '' } of Spec.TaskTemplate.Networks ?? []) {
    const query = { scope: 'swarm' };
    const network = await engine
      .ask<{ readonly Name: string }>('GET', `/networks/${Target}`, { query })
      .catch(() => undefined);
    if (network !== undefined) names.push(network.Name);
  }
  return names;
}

/** `fairlead service ps`. */
export const processes: Action = async (invocation) => {
  const { words, options, engine } = invocation;
  const [byId, byName] = await Promise.all([servicesWith(engine, 'id', words), servicesWith(engine, 'name', words)]);
  const missing: string[] = [];
  const ids = words.flatMap((word) => {
    const id = idOf(word, byId, byName);
    if (id === undefined) missing.push(`no such service: ${word}`);
    return id ?? [];
  });
  if (ids.length === 0) throw refusal(missing.join('\n'));
  const filters = [...options.list('filter'), ...ids.map((id) => `service=${id}`)];
  await printTasks(
    invocation,
    await engine.ask<readonly Task[]>('GET', '/tasks', {
      query: { filters: filterText(await withNode(engine, filters)) },
    }),
  );
  if (missing.length > 0) process.stderr.write(`${missing.join('\n')}\n`);
  return missing.length === 0 ? 0 : 1;
};

/** `node=self` is the node that answers. */
export async function withNode(engine: Connection, filters: readonly string[]): Promise<string[]> {
  if (!filters.includes('node=self')) return [...filters];
  const { findNode } = await import('../swarm/nodes.ts');
  const { ID } = await findNode(engine, 'self');
  return filters.map((filter) => (filter === 'node=self' ? `node=${ID}` : filter));
}

function servicesWith(engine: Connection, key: string, words: readonly string[]): Promise<readonly Service[]> {
  const filters = JSON.stringify({ [key]: words });
  return engine.ask<readonly Service[]>('GET', '/services', { query: { filters } });
}

/** By the whole id, else by the name, else by the beginning of an id. */
function idOf(word: string, byId: readonly Service[], byName: readonly Service[]): string | undefined {
  const exact = byId.find(({ ID }) => ID === word) ?? byName.find(({ Spec }) => Spec.Name === word);
  if (exact !== undefined) return exact.ID;
  const [first, second] = byId.filter(({ ID }) => ID.startsWith(word));
  if (second !== undefined) throw refusal(`multiple services found with provided prefix: ${word}`);
  return first?.ID;
}
