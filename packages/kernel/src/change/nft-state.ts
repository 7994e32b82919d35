import {
  Attributes,
  decodeElements,
  decodeForeignFilters,
  decodeTables,
  dumpChainsMessage,
  type ElementObject,
  encodeElementDump,
  type ForeignFilter,
  forwardingTables,
  type Message,
  messageFlag,
  nftMessage,
  nftType,
  type SetElement,
  type SetSchema,
  type TableDefinition,
  type TableFamily,
  type TableReference,
} from '@fairlead/netlink';
import type { OpenNamespace } from '../namespace/open-namespace.ts';
import { errnoOf } from '../system-call/errno-of.ts';

/** Names of tables that are ours begin so; others' tables are never read beyond their names. */
const OWN_PREFIX = 'fairlead';

/** An element of a set that does not exist. */
export class UnknownSetError extends Error {
  override readonly name = 'UnknownSetError';

  constructor(table: string, set: string) {
    super(`no set ${set} in table ${table}`);
  }
}

/** NFT_TABLE_F_OWNER and NFT_TABLE_F_PERSIST; a protected table has both, and loses the first one with its owner. */
const OWNER = 2;
const PERSIST = 4;

/** Reads nftables state of a namespace, and remembers the definitions of tables that were made or read through it. */
export class NftState {
  readonly #namespace: OpenNamespace;
  readonly #definitions = new Map<string, TableDefinition>();
  /** Protected tables without an owner, as they were read in a generation of the rules. */
  readonly #orphans = new Map<string, { readonly definition: TableDefinition; readonly generation: number }>();

  constructor(namespace: OpenNamespace) {
    this.#namespace = namespace;
  }

  /** Remember what a table that we made or adopted is like by now. */
  learn(definition: TableDefinition): void {
    this.#definitions.set(keyOf(definition), definition);
    this.#orphans.delete(keyOf(definition));
  }

  /** A table is gone. */
  forget(table: TableReference): void {
    this.#definitions.delete(keyOf(table));
  }

  /** A table that is ours alone to change: it is as we left it, and need not be read. */
  held(table: TableReference): TableDefinition | undefined {
    const known = this.#definitions.get(keyOf(table));
    return known?.protected === true && !this.isOrphan(table) ? known : undefined;
  }

  /** True for a protected table whose owner has ended, as far as was read. */
  isOrphan(table: TableReference): boolean {
    return this.#orphans.has(keyOf(table));
  }

  /**
   * The set that an element is in, from what is remembered or else from the kernel.
   *
   * @throws UnknownSetError when there is no such set.
   */
  schema(element: Pick<ElementObject, 'family' | 'table' | 'set'>): SetSchema & { readonly table: TableDefinition } {
    const reference = { family: element.family ?? 'inet', name: element.table } as const;
    const table = this.#definitions.get(keyOf(reference)) ?? this.readTable(reference);
    const set = table?.sets.find(({ name }) => name === element.set);
    if (table === undefined || set === undefined) throw new UnknownSetError(element.table, element.set);
    return { table, set };
  }

  /**
   * A table as it is in the kernel, `undefined` when there is none of that name. An orphan counts as protected; it is not
   * read again while nobody has changed any rule.
   */
  readTable(table: TableReference): TableDefinition | undefined {
    const generation = this.#generation();
    const orphan = this.#orphans.get(keyOf(table));
    if (orphan?.generation === generation) return orphan.definition;
    try {
      const [head] = this.#namespace.netfilter.execute(
        `find table ${table.name}`,
        tableRequest(nftType.getTable, 0, table),
      );
      return head && this.#readContents(table, head, generation);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** All tables that are ours by their name. An orphan does not count as protected, so that it gets adopted. */
  readOwnTables(): TableDefinition[] {
    const generation = this.#generation();
    const heads = this.#namespace.netfilter.execute(
      'list tables',
      nftMessage(nftType.getTable, messageFlag.dump, 'any'),
    );
    return heads.flatMap((head) => {
      const name = tableNameIn(head);
      const family = familyIn(head);
      if (!name.startsWith(OWN_PREFIX) || family === undefined) return [];
      const table = this.#readContents({ family, name }, head, generation);
      return [this.isOrphan(table) ? { ...table, protected: false } : table];
    });
  }

  /** Chains of others that refuse what is forwarded. Rules are read of those tables alone: others may have very many. */
  readForeignFilters(): ForeignFilter[] {
    const { netfilter } = this.#namespace;
    const all = netfilter.execute('list chains', dumpChainsMessage());
    const chains = all.filter((message) => tableNameIn(message) !== OWN_PREFIX);
    const rules = forwardingTables(chains).flatMap((table) =>
      netfilter.execute(`list rules of ${table.name}`, tableRequest(nftType.getRule, messageFlag.dump, table)),
    );
    return decodeForeignFilters(chains, rules);
  }

  /** The elements of a set. */
  readElements(schema: SetSchema): SetElement[] {
    const answers = this.#namespace.netfilter.execute(`list elements of ${schema.set.name}`, encodeElementDump(schema));
    return decodeElements(schema.set, answers);
  }

  /** Counts the transactions of the namespace, whoever makes them (net/netfilter/nf_tables_api.c, nft_gen_info). */
  #generation(): number {
    const request = nftMessage(nftType.getGeneration, 0, 'any');
    const [answer] = this.#namespace.netfilter.execute('ask for the generation', request);
    return (answer && new Attributes(answer.body.subarray(4)).u32be(1)) ?? 0;
  }

  /** Sets and rules can be asked for by table; chains, which are few, not by every kernel. */
  #readContents(table: TableReference, head: Message, generation: number): TableDefinition {
    const parts = [nftType.getSet, nftType.getChain, nftType.getRule].flatMap((type) =>
      this.#namespace.netfilter
        .execute(`list table ${table.name}`, tableRequest(type, messageFlag.dump, table))
        .filter((message) => tableNameIn(message) === table.name),
    );
    const flags = new Attributes(head.body.subarray(4)).u32be(2) ?? 0;
    const orphan = (flags & (OWNER | PERSIST)) === PERSIST;
    const definition = { ...decodeOwn(table, [head, ...parts]), ...(orphan ? { protected: true } : {}) };
    this.learn(definition);
    if (orphan) this.#orphans.set(keyOf(table), { definition, generation });
    return definition;
  }
}

function tableRequest(type: number, flags: number, table: TableReference): Uint8Array {
  return nftMessage(type, flags, table.family, (writer) => writer.text(1, table.name));
}

/** Family in nfgenmsg; `undefined` for one that no table of ours can have. */
function familyIn({ body }: Message): TableFamily | undefined {
  return ownFamilies.get(body[0] ?? 0);
}

const ownFamilies: ReadonlyMap<number, TableFamily> = new Map([
  [1, 'inet'],
  [2, 'ip'],
  [5, 'netdev'],
  [7, 'bridge'],
  [10, 'ip6'],
]);

/** NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE and NFTA_SET_TABLE are all 1; nfgenmsg comes before. */
function tableNameIn(message: Message): string {
  return new Attributes(message.body.subarray(4)).text(1) ?? '';
}

/** A table of ours that somebody put something foreign into is shown without contents, so that it gets replaced. */
function decodeOwn({ family, name }: TableReference, parts: readonly Message[]): TableDefinition {
  try {
    return decodeTables(parts)[0] ?? { family, name, sets: [], chains: [] };
  } catch {
    return { family, name, sets: [], chains: [] };
  }
}

function keyOf({ family, name }: TableReference): string {
  return `${family} ${name}`;
}
