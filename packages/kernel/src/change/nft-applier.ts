import {
  type BatchRequest,
  type ChainReference,
  type Change,
  type ElementObject,
  encodeNftBatch,
  encodeRuleInsertion,
  type ForeignFilter,
  joinMessages,
  type KernelObject,
  type NamespaceName,
  type RuleDefinition,
  type SetDefinition,
  type SetSchema,
  type TableDefinition,
} from '@fairlead/netlink';
import type { OpenNamespace } from '../namespace/open-namespace.ts';
import type { OpenNamespaces } from '../namespace/open-namespaces.ts';
import { errnoOf } from '../system-call/errno-of.ts';
import type { EffectLog } from './effect-log.ts';
import { NftBatch, type NftChange } from './nft-batch.ts';
import { NftState, UnknownSetError } from './nft-state.ts';

/** Makes changes of nftables tables and their elements, several of a namespace in one transaction. */
export class NftApplier {
  readonly #namespaces: OpenNamespaces;
  readonly #log: EffectLog;
  /** Bound to the open namespace, for its socket is what owns the tables. */
  readonly #states = new WeakMap<OpenNamespace, NftState>();

  constructor(namespaces: OpenNamespaces, log: EffectLog) {
    this.#namespaces = namespaces;
    this.#log = log;
  }

  /** Make the changes, all of one namespace, in one transaction. What is gone already needs no removing. */
  apply(namespace: NamespaceName, changes: readonly NftChange[]): void {
    const open = this.#namespaces.get(namespace);
    try {
      this.#commit(open, changes);
    } catch (error) {
      // An earlier owner of a table may have ended since we looked.
      if (errnoOf(error) === 'EPERM') this.#states.delete(open);
      else if (errnoOf(error) !== 'ENOENT' && !(error instanceof UnknownSetError)) throw error;
      const needed = this.#withoutGone(open, changes);
      if (needed.length === changes.length && errnoOf(error) !== 'EPERM') throw error;
      this.#commit(open, needed);
    }
  }

  /** Let the kernel judge changes of elements as one transaction, without making them. */
  check(namespace: NamespaceName, changes: readonly NftChange[]): void {
    const open = this.#namespaces.get(namespace);
    const batch = new NftBatch(this.#state(open));
    for (const change of changes) batch.add(change);
    const unfinished = encodeNftBatch(batch.finish()).slice(0, -1);
    if (unfinished.length > 0) open.netfilter.executeBatch(unfinished);
  }

  /** Put rules before all others of a chain, whoever made it: the first of them ends up last. */
  insertRules(namespace: NamespaceName, { table, chain }: ChainReference, rules: readonly RuleDefinition[]): void {
    const requests = rules.map((rule) => encodeRuleInsertion(table, chain, rule));
    this.#send(this.#namespaces.get(namespace), encodeNftBatch(requests), {});
  }

  /** Chains of others that drop what is forwarded. */
  foreignFilters(namespace: NamespaceName): ForeignFilter[] {
    return this.#state(this.#namespaces.get(namespace)).readForeignFilters();
  }

  /** Tables that are ours, and elements of their sets. */
  observe(namespace: NamespaceName, kinds: readonly KernelObject['kind'][]): KernelObject[] {
    const wantsElements = kinds.includes('element');
    if (!wantsElements && !kinds.includes('table')) return [];
    const open = this.#namespaces.get(namespace);
    const state = this.#state(open);
    const tables = state.readOwnTables();
    const objects: KernelObject[] = kinds.includes('table')
      ? tables.map((definition) => ({ kind: 'table', namespace, definition }))
      : [];
    if (!wantsElements) return objects;
    return [
      ...objects,
      ...tables.flatMap((table) => table.sets.flatMap((set) => elementsOf(state, namespace, table, set))),
    ];
  }

  #commit(open: OpenNamespace, changes: readonly NftChange[]): void {
    const batch = new NftBatch(this.#state(open));
    for (const change of changes) batch.add(change);
    const requests = encodeNftBatch(batch.finish());
    if (requests.length > 0) this.#send(open, requests, { sets: batch.sets, changes });
    batch.committed();
  }

  #send(
    open: OpenNamespace,
    requests: readonly BatchRequest[],
    about: { readonly sets?: readonly SetSchema[]; readonly changes?: readonly Change[] },
  ): void {
    const bytes = joinMessages(requests.map(({ message }) => message));
    const operation = requests[1]?.operation ?? 'change tables';
    this.#log.run({ protocol: 'netfilter', namespace: open.name, operation, bytes, sets: [], ...about }, () =>
      open.netfilter.executeBatch(requests),
    );
  }

  #withoutGone(open: OpenNamespace, changes: readonly NftChange[]): NftChange[] {
    const state = this.#state(open);
    const present = new PresentElements(state);
    return changes.filter(({ action, object }) => {
      if (action !== 'remove') return true;
      return object.kind === 'table' ? state.readTable(object.definition) !== undefined : present.has(object);
    });
  }

  #state(open: OpenNamespace): NftState {
    const known = this.#states.get(open);
    if (known !== undefined) return known;
    const state = new NftState(open);
    this.#states.set(open, state);
    return state;
  }
}

/** The elements that are there now; each set is read once. */
class PresentElements {
  readonly #state: NftState;
  readonly #keys = new Map<string, ReadonlySet<string>>();

  constructor(state: NftState) {
    this.#state = state;
  }

  has(element: ElementObject): boolean {
    const place = `${element.table} ${element.set}`;
    const keys = this.#keys.get(place) ?? this.#read(element);
    this.#keys.set(place, keys);
    return keys.has(element.key.join(' . '));
  }

  #read(element: ElementObject): ReadonlySet<string> {
    try {
      return new Set(this.#state.readElements(this.#state.schema(element)).map(({ key }) => key.join(' . ')));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || error instanceof UnknownSetError) return new Set();
      throw error;
    }
  }
}

function elementsOf(
  state: NftState,
  namespace: NamespaceName,
  table: TableDefinition,
  set: SetDefinition,
): ElementObject[] {
  if (table.family === 'ip' || table.family === 'netdev') return [];
  const family = table.family !== 'inet' && ({ family: table.family } as const);
  return state.readElements({ table, set }).map(({ key, value }) => {
    const object = { kind: 'element', namespace, ...family, table: table.name, set: set.name, key } as const;
    return value === undefined ? object : { ...object, value };
  });
}
