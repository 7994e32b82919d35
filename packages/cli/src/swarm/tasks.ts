import { shortIdentifier } from '@fairlead/base';
import type { Invocation } from '../command/command.ts';
import type { Connection } from '../connection/connection.ts';
import { printListing, type Row, shorten } from '../format/listing.ts';
import { durationText } from '../format/quantity.ts';
import type { Meta, Node } from './wire.ts';
import { capitalized, naturally, secondsOf } from './words.ts';

/** `Task`. */
export interface Task extends Meta {
  readonly Spec: { readonly ContainerSpec?: { readonly Image?: string; readonly TTY?: boolean } };
  readonly ServiceID: string;
  readonly Slot?: number;
  readonly NodeID?: string;
  readonly Status: {
    readonly Timestamp: string;
    readonly State: string;
    readonly Err?: string;
    readonly PortStatus?: { readonly Ports?: readonly TaskPort[] };
  };
  readonly DesiredState: string;
  readonly JobIteration?: { readonly Index?: number };
}

interface TaskPort {
  readonly PublishedPort?: number;
  readonly TargetPort?: number;
  readonly Protocol?: string;
}

const headings = {
  ID: 'ID',
  Name: 'NAME',
  Image: 'IMAGE',
  Node: 'NODE',
  DesiredState: 'DESIRED STATE',
  CurrentState: 'CURRENT STATE',
  Error: 'ERROR',
  Ports: 'PORTS',
};

/** What a table shows of an error. */
const errorWidth = 30;

/** Print tasks, those of one place together, the newest first, as `service ps`, `node ps` and `stack ps` do. */
export async function printTasks(invocation: Invocation, tasks: readonly Task[]): Promise<void> {
  const { options, engine } = invocation;
  const isFull = options.flag('no-trunc') || options.flag('quiet');
  const names = new Names(engine, options.flag('no-resolve'));
  const named: { readonly task: Task; readonly name: string; readonly node: string }[] = [];
  for (const task of tasks) named.push({ task, name: await names.ofTask(task), node: await names.ofNode(task.NodeID) });
  named.sort((left, right) => naturally(left.name, right.name) || newestFirst(left.task, right.task));
  const format = options.text('format') ?? 'table';
  const indent = format === 'table' || format.startsWith('table ') ? ' \\_ ' : '';
  printListing(invocation, {
    rows: named.map(({ task, name, node }, at) =>
      taskRow(task, `${named[at - 1]?.name === name ? indent : ''}${name}`, node, isFull),
    ),
    headings,
    columns: Object.keys(headings),
    identity: 'ID',
    raw: tasks,
  });
}

function newestFirst(left: Task, right: Task): number {
  return left.CreatedAt < right.CreatedAt ? 1 : -1;
}

function taskRow({ ID, Spec, Status, DesiredState }: Task, name: string, node: string, isFull: boolean): Row {
  const image = Spec.ContainerSpec?.Image ?? '';
  const error = Status.Err ?? '';
  const age = durationText(Math.max(0, Date.now() / 1000 - secondsOf(Status.Timestamp)));
  return {
    ID: isFull ? ID : shortIdentifier(ID),
    Name: name,
    Image: isFull ? image : withoutDigest(image),
    Node: node,
    DesiredState: capitalized(DesiredState),
    CurrentState: `${capitalized(Status.State)} ${age.toLowerCase()} ago`,
    Error: error === '' ? '' : `"${isFull ? error : shorten(error, errorWidth)}"`,
    Ports: (Status.PortStatus?.Ports ?? [])
      .map(({ PublishedPort = 0, TargetPort = 0, Protocol = 'tcp' }) => `*:${PublishedPort}->${TargetPort}/${Protocol}`)
      .join(','),
  };
}

/** `busybox:1@sha256:…` → `busybox:1`; without a tag the digest stays, for there is nothing else. */
export function withoutDigest(image: string): string {
  const [, named] = /^(.+:[^:/@]+)@sha256:[0-9a-f]{64}$/.exec(image) ?? [];
  return (named ?? image).replace(/^docker\.io\/(library\/)?/, '');
}

/** Names of services and nodes by their ids, each asked for once. */
export class Names {
  readonly #engine: Connection;
  readonly #asIds: boolean;
  readonly #known = new Map<string, Promise<string>>();

  /** @param asIds ids stay as they are. */
  constructor(engine: Connection, asIds: boolean) {
    this.#engine = engine;
    this.#asIds = asIds;
  }

  /** `web.1`; tasks that are one on each node have the node's id. */
  async ofTask({ ServiceID, Slot, NodeID = '' }: Pick<Task, 'ServiceID' | 'Slot' | 'NodeID'>): Promise<string> {
    return `${await this.ofService(ServiceID)}.${Slot || NodeID}`;
  }

  /** The name of a service; its id when it is no more. */
  ofService(id: string): Promise<string> {
    return this.#resolve(id, async () => {
      const { Spec } = await this.#engine.ask<{ readonly Spec: { readonly Name: string } }>('GET', `/services/${id}`);
      return Spec.Name;
    });
  }

  /** The name of a node; nothing for a task that has none yet. */
  ofNode(id = ''): Promise<string> {
    return this.#resolve(id, async () => {
      const { Spec, Description } = await this.#engine.ask<Node>('GET', `/nodes/${id}`);
      return Spec.Name || Description.Hostname || id;
    });
  }

  #resolve(id: string, ask: () => Promise<string>): Promise<string> {
    if (this.#asIds || id === '') return Promise.resolve(id);
    const known = this.#known.get(id) ?? ask().catch(() => id);
    this.#known.set(id, known);
    return known;
  }
}
