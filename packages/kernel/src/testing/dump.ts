import {
  formatElements,
  formatTable,
  type KernelObject,
  type NamespaceName,
  type NumberLookup,
  type RouteChangeObject,
  routeRequests,
  type TableDefinition,
} from '@fairlead/netlink';
import { renderTranscript } from '@fairlead/netlink/transcript';

/**
 * Objects as text: the commands that would make them, sorted within their kind, tables as nft prints them. Without what
 * every namespace has.
 */
export function dumpObjects(objects: readonly KernelObject[]): string {
  const own = objects.filter((object) => !isEverywhere(object));
  const tables = own.flatMap((object) => (object.kind === 'table' ? [object.definition] : []));
  const commands = own.flatMap((object) => commandsFor(object, tables));
  return [...commands.sort(), ...tables.map(formatTable)].join('\n');
}

function isEverywhere(object: KernelObject): boolean {
  return (
    (object.kind === 'link' && object.type.kind === 'other') || (object.kind === 'address' && object.link === 'lo')
  );
}

function commandsFor(object: KernelObject, tables: readonly TableDefinition[]): string[] {
  switch (object.kind) {
    case 'namespace':
    case 'table':
      return [];
    case 'sysctl':
      return renderTranscript([{ protocol: 'sysctl', operation: '', microseconds: 0, ...object }]);
    case 'element':
      return [elementText(object, tables)];
    default:
      return routeCommands(object);
  }
}

function elementText(object: Extract<KernelObject, { kind: 'element' }>, tables: readonly TableDefinition[]): string {
  const { family = 'inet', table, set: name, key, value } = object;
  const set = tables.find((definition) => definition.name === table)?.sets.find((candidate) => candidate.name === name);
  const text = set === undefined ? '{ }' : formatElements(set, [value === undefined ? { key } : { key, value }]);
  return `nft add element ${family} ${table} ${name} ${text}`;
}

/** Through the real messages and their rendering, so that a dump reads like a transcript. */
function routeCommands(object: RouteChangeObject): string[] {
  const numbers = new Numbers();
  return routeRequests({ action: 'add', object }, numbers).flatMap(({ namespace, message }) =>
    renderTranscript([
      { protocol: 'route', namespace, operation: 'dump', microseconds: 0, bytes: message, ...numbers },
    ]),
  );
}

/** Numbers that only have to be found again when the message is read. */
class Numbers implements NumberLookup {
  readonly links = new Map<number, string>();
  readonly descriptors = new Map<number, NamespaceName>();

  linkIndex(_: NamespaceName, name: string): number {
    this.links.set(this.links.size + 1, name);
    return this.links.size;
  }
  /** The commands of a dump leave the index to the kernel. */
  newLinkIndex(): number {
    return 0;
  }
  namespaceDescriptor(namespace: NamespaceName): number {
    this.descriptors.set(this.descriptors.size + 1, namespace);
    return this.descriptors.size;
  }
}
