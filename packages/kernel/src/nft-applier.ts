import {
  type BatchRequest,
  type Change,
  type ElementAction,
  type ElementObject,
  encodeDeleteTable,
  encodeElements,
  encodeNewTable,
  encodeNftBatch,
  encodeTable,
  encodeTableReplacement,
  joinMessages,
  type KernelObject,
  type NamespaceName,
  type SetDefinition,
  type SetElement,
  type SetSchema,
  satisfies,
  type TableDefinition,
  type TableObject,
} from '@fairlead/netlink';
import type { EffectLog } from './effect-log.ts';
import { errnoOf } from './errno-of.ts';
import { NftState, UnknownSetError } from './nft-state.ts';
import type { OpenNamespace } from './open-namespace.ts';
import type { OpenNamespaces } from './open-namespaces.ts';

/** A change of a table or of an element of one. */
export type NftChange = Change & { readonly object: TableObject | ElementObject };

/** True for the kinds that live in nftables. */
export function isNftChange(change: Change): change is NftChange {
  return change.object.kind === 'table' || change.object.kind === 'element';
}

/** Elements of one set to which the same is done: they go into one message. */
interface ElementGroup {
  readonly schema: SetSchema;
  readonly action: ElementAction;
  readonly elements: SetElement[];
}

/** Makes changes of nftables tables and their elements, several of a namespace in one transaction. */
export class NftApplier {
  readonly #namespaces: OpenNamespaces;
  readonly #log: EffectLog;
  /** Bound to the open namespace, for its socket is what owns the tables. */
  readonly #states = new WeakMap<OpenNamespace, NftState>();
  readonly #owned = new WeakMap<OpenNamespace, Set<string>>();

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
      if (errnoOf(error) !== 'ENOENT' && !(error instanceof UnknownSetError)) throw error;
      const needed = this.#withoutGone(open, changes);
      if (needed.length === changes.length) throw error;
      this.#commit(open, needed);
    }
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
    const inet = tables.filter(({ family }) => family === 'inet');
    return [
      ...objects,
      ...inet.flatMap((table) => table.sets.flatMap((set) => elementsOf(state, namespace, table, set))),
    ];
  }

  #commit(open: OpenNamespace, changes: readonly NftChange[]): void {
    const batch = new NftBatch(this.#state(open), this.#ownedBy(open));
    for (const change of changes) batch.add(change);
    const requests = encodeNftBatch(batch.finish());
    if (requests.length > 0) this.#send(open, requests, batch.sets);
    batch.committed();
  }

  #send(open: OpenNamespace, requests: readonly BatchRequest[], sets: readonly SetSchema[]): void {
    const bytes = joinMessages(requests.map(({ message }) => message));
    const operation = requests[1]?.operation ?? 'change tables';
    this.#log.run({ protocol: 'netfilter', namespace: open.name, operation, bytes, sets }, () =>
      open.netfilter.executeBatch(requests),
    );
  }

  #withoutGone(open: OpenNamespace, changes: readonly NftChange[]): NftChange[] {
    const state = this.#state(open);
    return changes.filter(({ action, object }) => {
      if (action !== 'remove') return true;
      if (object.kind === 'table') return state.readTable(object.definition) !== undefined;
      return isPresent(state, object);
    });
  }

  #state(open: OpenNamespace): NftState {
    const known = this.#states.get(open);
    if (known !== undefined) return known;
    const state = new NftState(open);
    this.#states.set(open, state);
    return state;
  }

  #ownedBy(open: OpenNamespace): Set<string> {
    const known = this.#owned.get(open);
    if (known !== undefined) return known;
    const owned = new Set<string>();
    this.#owned.set(open, owned);
    return owned;
  }
}

/** Collects the requests of one transaction. */
class NftBatch {
  /** Sets that were made before, whose elements the transaction touches. */
  readonly sets: SetSchema[] = [];
  readonly #state: NftState;
  readonly #owned: Set<string>;
  readonly #requests: BatchRequest[] = [];
  /** Tables that the transaction makes, `undefined` for those that it removes. */
  readonly #tables = new Map<string, TableDefinition | undefined>();
  /** Tables that become ours with the transaction. */
  readonly #adopted = new Set<string>();
  #group: ElementGroup | undefined;

  constructor(state: NftState, owned: Set<string>) {
    this.#state = state;
    this.#owned = owned;
  }

  add({ action, object }: NftChange): void {
    if (object.kind === 'table') this.#addTable(action, object.definition);
    else if (action === 'remove') this.#addElement('delete', object);
    else {
      if (action === 'change') this.#addElement('delete', object);
      this.#addElement('add', object);
    }
  }

  finish(): BatchRequest[] {
    this.#flush();
    return this.#requests;
  }

  /** What the transaction said is so by now. */
  committed(): void {
    for (const name of this.#adopted) this.#owned.add(name);
    for (const [name, definition] of this.#tables) {
      if (definition === undefined) {
        this.#owned.delete(name);
        continue;
      }
      this.#state.learn(definition);
      if (definition.protected === true) this.#owned.add(definition.name);
    }
  }

  #addTable(action: Change['action'], definition: TableDefinition): void {
    this.#flush();
    if (action === 'remove') {
      this.#adopt(definition);
      this.#requests.push(encodeDeleteTable(definition));
      this.#state.forget(definition);
      this.#tables.set(definition.name, undefined);
      return;
    }
    const existing = this.#state.readTable(definition);
    if (existing === undefined) this.#requests.push(...encodeTable(definition));
    else if (isSame(existing, definition)) this.#adopt(definition);
    else this.#replace(existing, definition);
    this.#tables.set(definition.name, definition);
  }

  /** In the place of the old one within the transaction, so no packet sees it missing; elements are carried over. */
  #replace(existing: TableDefinition, definition: TableDefinition): void {
    this.#adopt(existing);
    this.#requests.push(...encodeTableReplacement(definition));
    for (const set of definition.sets) {
      const old = existing.sets.find(({ name }) => name === set.name);
      if (old === undefined || !holdsSame(old, set)) continue;
      const schema = { table: definition, set };
      const elements = this.#state.readElements(schema);
      if (elements.length > 0) this.#requests.push(...encodeElements(schema, 'add', elements));
    }
  }

  /** A protected table whose owner has gone, which was an earlier run of ours, takes changes only from its next owner. */
  #adopt(definition: TableDefinition): void {
    const { name } = definition;
    if (definition.protected !== true || this.#owned.has(name) || this.#adopted.has(name)) return;
    this.#requests.push(encodeNewTable(definition));
    this.#adopted.add(name);
  }

  #addElement(action: ElementAction, object: ElementObject): void {
    const { key, value } = object;
    const element = value === undefined ? { key } : { key, value };
    const group = this.#group;
    if (group?.action === action && group.schema.table.name === object.table && group.schema.set.name === object.set) {
      group.elements.push(element);
      return;
    }
    this.#flush();
    this.#group = { schema: this.#schema(object), action, elements: [element] };
  }

  #schema(object: ElementObject): SetSchema {
    const table = this.#tables.get(object.table);
    const set = table?.sets.find(({ name }) => name === object.set);
    if (table !== undefined && set !== undefined) return { table, set };
    const definition = this.#state.definition(object.table);
    const schema = this.#state.schema(object.table, object.set);
    if (definition !== undefined) this.#adopt(definition);
    this.sets.push(schema);
    return schema;
  }

  #flush(): void {
    if (this.#group === undefined) return;
    const { schema, action, elements } = this.#group;
    this.#requests.push(...encodeElements(schema, action, elements));
    this.#group = undefined;
  }
}

function isSame(a: TableDefinition, b: TableDefinition): boolean {
  const object = (definition: TableDefinition): TableObject => ({ kind: 'table', namespace: '', definition });
  return satisfies(object(a), object(b));
}

function holdsSame(a: SetDefinition, b: SetDefinition): boolean {
  const shape = ({ key, value = [], interval = false }: SetDefinition) => `${key} : ${value} ${interval}`;
  return shape(a) === shape(b);
}

function isPresent(state: NftState, object: ElementObject): boolean {
  const key = object.key.join(' . ');
  try {
    return state
      .readElements(state.schema(object.table, object.set))
      .some((element) => element.key.join(' . ') === key);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof UnknownSetError) return false;
    throw error;
  }
}

function elementsOf(
  state: NftState,
  namespace: NamespaceName,
  table: TableDefinition,
  set: SetDefinition,
): ElementObject[] {
  return state.readElements({ table, set }).map(({ key, value }) => {
    const object = { kind: 'element', namespace, table: table.name, set: set.name, key } as const;
    return value === undefined ? object : { ...object, value };
  });
}
