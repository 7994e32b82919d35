import { joinMessages } from '../message.ts';
import { encodeElements, type SetSchema } from '../nftables/element-codec.ts';
import { encodeNftBatch } from '../nftables/nft-message.ts';
import { encodeDeleteTable, encodeTable, encodeTableReplacement } from '../nftables/table-encoder.ts';
import { describeChange } from '../object/change-text.ts';
import {
  type Change,
  type ElementObject,
  identityOf,
  type NamespaceName,
  type NamespaceObject,
  type TableObject,
} from '../object/kernel-object.ts';
import { setLinkUpMessage } from '../route/link.ts';
import type { NumberLookup } from '../route/lookup.ts';
import { type RouteChange, routeRequests } from '../route/route-change.ts';
import type { TranscriptEntry } from './entry.ts';
import { renderTranscript } from './transcript.ts';

/**
 * The commands that make changes, rendered from the messages that would be sent for them; nothing is asked of the kernel.
 *
 * @param sets those whose elements are spoken of.
 */
export function renderChanges(changes: readonly Change[], sets: readonly SetSchema[]): string[] {
  return renderTranscript(groups(changes).flatMap((group) => entriesOf(group, sets)));
}

type NftChange = Change & { readonly object: TableObject | ElementObject };

function isNft(change: Change | undefined): change is NftChange {
  return change?.object.kind === 'table' || change?.object.kind === 'element';
}

/** What can be one transaction of nftables stays together. */
function groups(changes: readonly Change[]): Change[][] {
  const grouped: Change[][] = [];
  for (const change of changes) {
    const last = grouped.at(-1);
    const joins = isNft(change) && isNft(last?.[0]) && last[0].object.namespace === change.object.namespace;
    if (joins) last.push(change);
    else grouped.push([change]);
  }
  return grouped;
}

function entriesOf(changes: readonly Change[], sets: readonly SetSchema[]): TranscriptEntry[] {
  const [change] = changes;
  if (change === undefined) return [];
  const { action, object } = change;
  const common = { namespace: object.namespace, operation: describeChange(change), microseconds: 0 };
  switch (object.kind) {
    case 'namespace':
      return namespaceEntries(action, object, common.operation);
    case 'sysctl':
      return action === 'remove' ? [] : [{ ...common, protocol: 'sysctl', key: object.key, value: object.value }];
    case 'table':
    case 'element': {
      const requests = encodeNftBatch(changes.filter(isNft).flatMap((one) => nftRequests(one, sets)));
      const bytes = joinMessages(requests.map(({ message }) => message));
      return [
        { ...common, protocol: 'netfilter', bytes, sets: sets.filter(({ table }) => isSpokenOf(table.name, changes)) },
      ];
    }
    default:
      return routeEntries({ ...change, object });
  }
}

function isSpokenOf(table: string, changes: readonly Change[]): boolean {
  return changes.some(({ object }) => object.kind === 'element' && object.table === table);
}

function namespaceEntries(
  action: Change['action'],
  { namespace, owner }: NamespaceObject,
  operation: string,
): TranscriptEntry[] {
  if (action === 'change') return [];
  const entry = { protocol: 'namespace', namespace, action, operation, microseconds: 0 } as const;
  if (action === 'remove') return [entry];
  const maps = { links: new Map(), descriptors: new Map() };
  const up = { protocol: 'route', namespace, operation: 'set link lo up', microseconds: 0, ...maps } as const;
  return [
    { ...entry, ...(owner && { owner }) },
    { ...up, bytes: setLinkUpMessage('lo', true) },
  ];
}

function routeEntries(change: RouteChange): TranscriptEntry[] {
  const { links, descriptors, ...lookup } = inventedNumbers(identityOf(change.object));
  return routeRequests(change, lookup).map(({ namespace, operation, message }) => ({
    ...{ protocol: 'route', namespace, operation, bytes: message, links, descriptors, microseconds: 0 },
  }));
}

function nftRequests({ action, object, ...change }: NftChange, sets: readonly SetSchema[]) {
  if (object.kind === 'table') {
    if (action === 'remove') return [encodeDeleteTable(object.definition)];
    return action === 'add' ? encodeTable(object.definition) : encodeTableReplacement(object.definition);
  }
  const schema = sets.find(({ table, set }) => table.name === object.table && set.name === object.set);
  if (schema === undefined) throw new Error(`${action} element of ${object.set}: nobody knows the set`);
  const previous = 'previous' in change && change.previous.kind === 'element' ? [change.previous] : [];
  const gone = action === 'remove' ? [object] : previous;
  return [
    ...(gone.length > 0 ? encodeElements(schema, 'delete', gone) : []),
    ...(action === 'remove' ? [] : encodeElements(schema, 'add', [object])),
  ];
}

/** The numbers of links that the kernel gives, and those that the engine chooses, are less and more. */
const FIRST_INDEX = 2 ** 29;

/** A number below 2^29 that is always the same for a text, and hardly ever for another (FNV-1a). */
function numberFor(text: string): number {
  let hash = 0x811c_9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x0100_0193) >>> 0;
  return hash % FIRST_INDEX;
}

/** Numbers that stand for names in messages which nobody sends. @param made what is made, which has a number of its own. */
function inventedNumbers(made: string): NumberLookup & {
  readonly links: Map<number, string>;
  readonly descriptors: Map<number, NamespaceName>;
} {
  const links = new Map<number, string>();
  const descriptors = new Map<number, NamespaceName>();
  const next = (names: Map<number, string>, name: string) => {
    names.set(names.size + 1, name);
    return names.size;
  };
  return {
    links,
    descriptors,
    linkIndex: (_, name) => next(links, name),
    newLinkIndex: () => FIRST_INDEX + numberFor(made),
    namespaceDescriptor: (namespace) => next(descriptors, namespace),
  };
}
