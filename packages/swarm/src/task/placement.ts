import type { SwarmNode } from '../model.ts';
import { refusal } from '../refusal.ts';
import type { ServiceSpec } from '../service/service-model.ts';
import type { Task } from './task-model.ts';
import type { Placement, TaskSpec } from './task-spec.ts';

/** `KEY==VALUE` or `KEY!=VALUE`. */
interface Constraint {
  readonly key: string;
  readonly equal: boolean;
  readonly value: string;
}

const keySyntax = /^[a-z_][\w\-.]*$/i;
const valueSyntax = /^[a-z0-9:\-_\s.*()?+[\]\\^$|/]+$/i;

/** @throws FairleadError `invalid-argument` in swarmkit's words. */
export function parseConstraints(expressions: readonly string[] = []): Constraint[] {
  return expressions.map((expression) => {
    const [, key = '', operator, value = ''] = /^(.*?)([!=]=)(.*)$/s.exec(expression) ?? [];
    if (operator === undefined) throw refusal('unnamed', 'constraint expected one operator from ==, !=');
    if (!keySyntax.test(key.trim())) throw refusal('unnamed', `key '${key.trim()}' is invalid`);
    if (!valueSyntax.test(value.trim())) throw refusal('unnamed', `value '${value.trim()}' is invalid`);
    return { key: key.trim(), equal: operator === '==', value: value.trim() };
  });
}

/** True when a node is as the constraints want it; one about something that there is not holds for no node. */
export function meetsConstraints({ constraints }: Placement, node: SwarmNode): boolean {
  return parseConstraints(constraints).every(({ key, equal, value }) => {
    const fact = factOf(node, key);
    if (fact === undefined) return false;
    return (fact.toLowerCase() === value.toLowerCase()) === equal;
  });
}

function factOf({ id, spec, description, address }: SwarmNode, key: string): string | undefined {
  const lower = key.toLowerCase();
  if (lower === 'node.id') return id;
  if (lower === 'node.hostname') return description.hostname;
  if (lower === 'node.ip') return address;
  if (lower === 'node.role') return spec.role;
  if (lower === 'node.platform.os') return description.os;
  if (lower === 'node.platform.arch') return architectures[description.architecture] ?? description.architecture;
  if (lower.startsWith('node.labels.')) return spec.labels[key.slice('node.labels.'.length)] ?? '';
  if (lower.startsWith('engine.labels.')) return description.engineLabels[key.slice('engine.labels.'.length)] ?? '';
  return undefined;
}

/** The kernel's names of architectures that Go calls otherwise. */
const architectures: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

/** What is asked of the node for a task. */
export interface PlacementQuestion {
  readonly service: ServiceSpec;
  readonly task: Task;
  readonly node: SwarmNode;
  /** Tasks that are on the node and have not ended, this one not among them. */
  readonly others: readonly Task[];
  /** Host-mode ports that others have, `80/tcp`. */
  readonly takenPorts: ReadonlySet<string>;
}

/**
 * Why a task cannot run on the node now, in the scheduler's words.
 *
 * @returns `undefined` when it can.
 */
export function placementFault(question: PlacementQuestion): string | undefined {
  const { service, task, node, others, takenPorts } = question;
  const { placement = {} } = task.spec;
  if (node.spec.availability !== 'active') return because('1 node not available for new tasks');
  if (!hasRoom(task.spec, node, others)) return because('insufficient resources on 1 node');
  if (!meetsConstraints(placement, node)) return because('scheduling constraints not satisfied on 1 node');
  if (!fitsPlatform(placement, node)) return because('unsupported platform on 1 node');
  if (hostPorts(service).some((port) => takenPorts.has(port)))
    return because('host-mode port already in use on 1 node');
  const { maxReplicas = 0 } = placement;
  const siblings = others.filter(({ serviceId }) => serviceId === task.serviceId);
  if (maxReplicas > 0 && siblings.length >= maxReplicas) return because('max replicas per node limit exceed');
  return undefined;
}

/** Ports of the host that tasks of a service take for themselves, `80/tcp`. */
export function hostPorts({ endpointSpec }: ServiceSpec): string[] {
  return (endpointSpec?.ports ?? []).flatMap(({ publishMode, publishedPort = 0, protocol = 'tcp' }) =>
    publishMode === 'host' && publishedPort !== 0 ? [`${publishedPort}/${protocol}`] : [],
  );
}

function because(reason: string): string {
  return `no suitable node (${reason})`;
}

function hasRoom(spec: TaskSpec, { description }: SwarmNode, others: readonly Task[]): boolean {
  const sum = (key: 'nanoCpus' | 'memoryBytes') =>
    [spec, ...others.map((task) => task.spec)].reduce(
      (total, { resources }) => total + (resources?.reservations?.[key] ?? 0),
      0,
    );
  const asked = spec.resources?.reservations;
  if (asked === undefined) return true;
  if ((asked.genericResources ?? []).length > 0) return false;
  return sum('nanoCpus') <= description.nanoCpus && sum('memoryBytes') <= description.memory;
}

function fitsPlatform({ platforms = [] }: Placement, { description }: SwarmNode): boolean {
  const name = (architecture: string) => architectures[architecture] ?? architecture;
  return (
    platforms.length === 0 ||
    platforms.some(
      ({ os = '', architecture = '' }) =>
        (os === '' || os === description.os) &&
        (architecture === '' || name(architecture) === name(description.architecture)),
    )
  );
}
