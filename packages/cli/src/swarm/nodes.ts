import { messageOf } from '@fairlead/base';
import type { Action, Invocation } from '../command/command.ts';
import type { Options } from '../command/options.ts';
import { refusal } from '../command/refusal.ts';
import type { Connection } from '../connection/connection.ts';
import { forEachName } from '../container/for-each-name.ts';
import { filterText, printListing } from '../format/listing.ts';
import { nodeText } from './node-text.ts';
import { inspectOrTell } from './pretty.ts';
import type { Node, SwarmInfo, TlsInfo } from './wire.ts';
import { capitalized, naturally } from './words.ts';

const headings = {
  ID: 'ID',
  Self: '',
  Hostname: 'HOSTNAME',
  Status: 'STATUS',
  Availability: 'AVAILABILITY',
  ManagerStatus: 'MANAGER STATUS',
  EngineVersion: 'ENGINE VERSION',
  TLSStatus: 'TLS STATUS',
};

/** `fairlead node ls`. */
export const list: Action = async (invocation) => {
  const { options, engine } = invocation;
  const query = { filters: filterText(options.list('filter')) };
  const nodes = await engine.ask<readonly Node[]>('GET', '/nodes', { query });
  const info = await engine.ask<SwarmInfo>('GET', '/info');
  const sorted = nodes.toSorted((left, right) => naturally(left.Description.Hostname, right.Description.Hostname));
  const rows = sorted.map((node) => nodeRow(node, info));
  const isTable = options.text('format') === undefined;
  printListing(invocation, {
    // Of the table alone: the node that answers is marked.
    rows: rows.map((row) => (isTable ? { ...row, Marked: `${row.ID} ${row.Self === 'true' ? '*' : ' '}` } : row)),
    headings: isTable ? { ...headings, Marked: 'ID  ' } : headings,
    columns: ['Marked', 'Hostname', 'Status', 'Availability', 'ManagerStatus', 'EngineVersion'],
    identity: 'ID',
    raw: nodes,
  });
  return 0;
};

function nodeRow({ ID, Description, Status, Spec, ManagerStatus }: Node, { Swarm }: SwarmInfo) {
  const reached = ManagerStatus?.Leader === true ? 'Leader' : (ManagerStatus?.Reachability ?? '');
  return {
    ID,
    Self: String(ID === Swarm.NodeID),
    Hostname: Description.Hostname,
    Status: capitalized(Status.State ?? ''),
    Availability: capitalized(Spec.Availability),
    ManagerStatus: capitalized(reached),
    EngineVersion: Description.Engine?.EngineVersion ?? '',
    TLSStatus: tlsStatus(Description.TLSInfo, Swarm.Cluster?.TLSInfo),
  };
}

/** Whether a node's certificates are signed by the swarm's present root. */
function tlsStatus(own: TlsInfo = {}, swarm: TlsInfo = {}): string {
  const fields = ['TrustRoot', 'CertIssuerSubject', 'CertIssuerPublicKey'] as const;
  if ([own, swarm].some((info) => fields.every((name) => !info[name]))) return 'Unknown';
  return fields.every((name) => own[name] === swarm[name]) ? 'Ready' : 'Needs Rotation';
}

/** `fairlead node inspect`. */
export const inspect: Action = (invocation) =>
  inspectOrTell(invocation, async (name) => findNode(invocation.engine, name), nodeText);

/** A node by its name, or `self`. */
export async function findNode(engine: Connection, name: string): Promise<Node> {
  return await engine.ask<Node>('GET', `/nodes/${name === 'self' ? await ownNode(engine) : name}`);
}

async function ownNode(engine: Connection): Promise<string> {
  const { Swarm } = await engine.ask<SwarmInfo>('GET', '/info');
  if (Swarm.NodeID !== '') return Swarm.NodeID;
  // Nobody is here: what the engine says of its nodes tells why.
  await engine.ask('GET', '/nodes');
  throw refusal('node ID not found in /info');
}

/** `fairlead node update`. */
export const update: Action = ({ words: [name = ''], options, engine, print }) =>
  changeNodes(
    engine,
    [name],
    (node) => ({ ...node.Spec, ...askedFields(options), Labels: changedLabels(node, options) }),
    () => print(name),
  );

function askedFields(options: Options): { Role?: string; Availability?: string } {
  const [role, availability] = [options.text('role'), options.text('availability')];
  return {
    ...(role !== undefined && { Role: role }),
    ...(availability !== undefined && { Availability: availability }),
  };
}

function changedLabels({ Spec }: Node, options: Options): Record<string, string> {
  const labels = { ...Spec.Labels, ...options.map('label-add') };
  for (const key of options.list('label-rm')) {
    if (!Object.hasOwn(labels, key)) throw refusal(`key ${key} doesn't exist in node's labels`);
    delete labels[key];
  }
  return labels;
}

/** `fairlead node promote`. */
export const promote: Action = (invocation) =>
  changeRole(invocation, 'manager', (name) => `Node ${name} promoted to a manager in the swarm.`);

/** `fairlead node demote`. */
export const demote: Action = (invocation) =>
  changeRole(invocation, 'worker', (name) => `Manager ${name} demoted in the swarm.`);

function changeRole(
  { words, engine, print }: Invocation,
  role: 'manager' | 'worker',
  done: (name: string) => string,
): Promise<number> {
  const change = ({ ID, Spec }: Node): Node['Spec'] | undefined => {
    if (Spec.Role !== role) return { ...Spec, Role: role };
    print(`Node ${ID} is already a ${role}.`);
    return undefined;
  };
  return changeNodes(engine, words, change, (name) => print(done(name)));
}

/** @param change the new specification; nothing when the node shall stay as it is. */
async function changeNodes(
  engine: Connection,
  names: readonly string[],
  change: (node: Node) => Node['Spec'] | undefined,
  done: (name: string) => void,
): Promise<number> {
  for (const name of names) {
    const node = await engine.ask<Node>('GET', `/nodes/${name}`);
    const body = change(node);
    if (body === undefined) continue;
    await engine.ask('POST', `/nodes/${node.ID}/update`, { query: { version: node.Version.Index }, body });
    done(name);
  }
  return 0;
}

/** `fairlead node rm`. */
export const remove: Action = (invocation) => {
  const query = { force: invocation.options.flag('force') || undefined };
  return forEachName(invocation, (name) => invocation.engine.ask('DELETE', `/nodes/${name}`, { query }));
};

/** `fairlead node ps`. */
export const processes: Action = async (invocation) => {
  const { words, options, engine } = invocation;
  const { printTasks } = await import('./tasks.ts');
  const failures: unknown[] = [];
  const tasks = [];
  for (const name of words.length === 0 ? ['self'] : words) {
    try {
      const { ID } = await findNode(engine, name);
      const query = { filters: filterText([...options.list('filter'), `node=${ID}`]) };
      tasks.push(...(await engine.ask<readonly import('./tasks.ts').Task[]>('GET', '/tasks', { query })));
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 0 || tasks.length > 0) await printTasks(invocation, tasks);
  for (const failure of failures) process.stderr.write(`${messageOf(failure)}\n`);
  return failures.length === 0 ? 0 : 1;
};
