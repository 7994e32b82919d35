import {
  type BatchRequest,
  type Change,
  type ElementAction,
  type ElementObject,
  encodeDeleteTable,
  encodeElements,
  encodeNewTable,
  encodeTable,
  type SetDefinition,
  type SetElement,
  type SetSchema,
  satisfies,
  type TableDefinition,
  type TableObject,
} from '@fairlead/netlink';
import type { NftState } from './nft-state.ts';

/** A change of a table or of an element of one. */
export type NftChange = Change & { readonly object: TableObject | ElementObject };

/** True for the kinds that live in nftables. */
export function isNftChange(change: Change): change is NftChange {
  return change.object.kind === 'table' || change.object.kind === 'element';
}

/** Elements of one set to which the same is done: they go into one message, whatever comes between them. */
interface ElementGroup {
  readonly schema: SetSchema;
  readonly action: ElementAction;
  readonly elements: SetElement[];
}

/** Collects the requests of one transaction. */
export class NftBatch {
  /** Sets that were made before, whose elements the transaction touches. */
  readonly sets: SetSchema[] = [];
  readonly #state: NftState;
  readonly #requests: BatchRequest[] = [];
  /** Tables as the transaction leaves them, `undefined` for those that it removes. */
  readonly #tables = new Map<string, TableDefinition | undefined>();
  /** By table that the transaction makes: the sets of it that something is in by now; all others have nothing to lose. */
  readonly #filled = new Map<string, Set<string>>();
  /** Tables that become ours with the transaction. */
  readonly #adopted = new Map<string, TableDefinition>();
  /** By set: what is done to one set does not depend on what is done to another. */
  readonly #groups = new Map<string, ElementGroup>();

  constructor(state: NftState) {
    this.#state = state;
  }

  /** Take in a change; it may ask the kernel what is there. */
  add({ action, object }: NftChange): void {
    if (object.kind === 'table') {
      this.#flush();
      this.#addTable(action, object.definition);
      return;
    }
    if (action !== 'add') this.#addElement('delete', object);
    if (action !== 'remove') this.#addElement('add', object);
  }

  /** All requests, in order. */
  finish(): readonly BatchRequest[] {
    this.#flush();
    return this.#requests;
  }

  /** What the transaction said is so by now. */
  committed(): void {
    for (const definition of this.#adopted.values()) this.#state.learn(definition);
    for (const definition of this.#tables.values()) if (definition !== undefined) this.#state.learn(definition);
  }

  #addTable(action: Change['action'], definition: TableDefinition): void {
    this.#tables.set(definition.name, action === 'remove' ? undefined : definition);
    const existing = this.#state.held(definition) ?? this.#state.readTable(definition);
    if (action === 'remove') {
      this.#requests.push(encodeDeleteTable(definition));
      this.#state.forget(definition);
    } else if (existing === undefined) {
      this.#filled.set(definition.name, new Set());
      this.#requests.push(...encodeTable(definition));
    } else if (isSame(existing, definition)) {
      this.#adopt(definition);
    } else {
      this.#replace(existing, definition);
    }
  }

  /** In the place of the old one within the transaction, so no packet sees it missing; elements are carried over. */
  #replace(existing: TableDefinition, definition: TableDefinition): void {
    this.#requests.push(encodeDeleteTable(existing), ...encodeTable(definition));
    const filled = new Set<string>();
    this.#filled.set(definition.name, filled);
    for (const set of definition.sets) {
      const old = existing.sets.find(({ name }) => name === set.name);
      if (old === undefined || !holdsSame(old, set)) continue;
      const schema = { table: definition, set };
      const elements = this.#state.readElements(schema);
      if (elements.length === 0) continue;
      filled.add(set.name);
      this.#requests.push(...encodeElements(schema, 'add', elements));
    }
  }

  /** Become the owner of a table whose owner, an earlier run of ours, has ended. */
  #adopt(definition: TableDefinition): void {
    if (!this.#state.isOrphan(definition) || this.#adopted.has(definition.name)) return;
    this.#requests.push(encodeNewTable(definition));
    this.#adopted.set(definition.name, definition);
  }

  #addElement(action: ElementAction, object: ElementObject): void {
    const { family = 'inet', table, set, key, value } = object;
    const filled = this.#filled.get(table);
    if (action === 'delete' && filled?.has(set) === false) return;
    filled?.add(set);
    const element = value === undefined ? { key } : { key, value };
    const place = `${family} ${table} ${set}`;
    const group = this.#groups.get(place);
    if (group?.action === action) {
      group.elements.push(element);
      return;
    }
    if (group !== undefined) this.#write(group);
    this.#groups.set(place, { schema: this.#schema(object), action, elements: [element] });
  }

  #schema(object: ElementObject): SetSchema {
    const table = this.#tables.get(object.table);
    const set = table?.sets.find(({ name }) => name === object.set);
    if (table !== undefined && set !== undefined) return { table, set };
    const known = this.#state.schema(object);
    this.#adopt(known.table);
    this.sets.push(known);
    return known;
  }

  #flush(): void {
    for (const group of this.#groups.values()) this.#write(group);
    this.#groups.clear();
  }

  #write({ schema, action, elements }: ElementGroup): void {
    this.#requests.push(...encodeElements(schema, action, elements));
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
