import {
  Attributes,
  decodeElements,
  decodeTables,
  encodeElementDump,
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
import { errnoOf } from './errno-of.ts';
import type { OpenNamespace } from './open-namespace.ts';

/** Names of tables that are ours begin so; others' tables are never read beyond their names. */
const OWN_PREFIX = 'fairlead';

/** An element of a set that does not exist. */
export class UnknownSetError extends Error {
  override readonly name = 'UnknownSetError';

  constructor(table: string, set: string) {
    super(`no set ${set} in table ${table}`);
  }
}

/** Reads nftables state of a namespace, and remembers the definitions of tables that were made or read through it. */
export class NftState {
  readonly #namespace: OpenNamespace;
  readonly #definitions = new Map<string, TableDefinition>();

  constructor(namespace: OpenNamespace) {
    this.#namespace = namespace;
  }

  /** Remember what a table is like by now. */
  learn(definition: TableDefinition): void {
    this.#definitions.set(keyOf(definition), definition);
  }

  /** A table is gone. */
  forget(table: TableReference): void {
    this.#definitions.delete(keyOf(table));
  }

  /**
   * A set of an inet table, from what is remembered or else from the kernel.
   *
   * @throws UnknownSetError when there is no such set.
   */
  schema(tableName: string, setName: string): SetSchema {
    const table = this.definition(tableName);
    const set = table?.sets.find(({ name }) => name === setName);
    if (table === undefined || set === undefined) throw new UnknownSetError(tableName, setName);
    return { table, set };
  }

  /** An inet table, from what is remembered or else from the kernel. */
  definition(name: string): TableDefinition | undefined {
    const table = { family: 'inet', name } as const;
    return this.#definitions.get(keyOf(table)) ?? this.readTable(table);
  }

  /** A table as it is in the kernel, `undefined` when there is none of that name. */
  readTable(table: TableReference): TableDefinition | undefined {
    try {
      this.#namespace.netfilter.execute(`find table ${table.name}`, getTable(table));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
    const definition = this.#readTables(table.family, (name) => name === table.name)[0];
    if (definition !== undefined) this.learn(definition);
    return definition;
  }

  /** All tables that are ours by their name. */
  readOwnTables(): TableDefinition[] {
    const tables = this.#readTables('any', (name) => name.startsWith(OWN_PREFIX));
    for (const table of tables) this.learn(table);
    return tables;
  }

  /** The elements of a set. */
  readElements(schema: SetSchema): SetElement[] {
    const answers = this.#namespace.netfilter.execute(`list elements of ${schema.set.name}`, encodeElementDump(schema));
    return decodeElements(schema.set, answers);
  }

  #readTables(family: TableFamily | 'any', wanted: (name: string) => boolean): TableDefinition[] {
    const messages = [nftType.getTable, nftType.getSet, nftType.getChain, nftType.getRule].flatMap((type) =>
      this.#namespace.netfilter.execute('list tables', nftMessage(type, messageFlag.dump, family)),
    );
    const byTable = Map.groupBy(messages, tableNameIn);
    return [...byTable].filter(([name]) => wanted(name)).flatMap(([name, parts]) => decodeOwn(name, parts));
  }
}

function getTable(table: TableReference): Uint8Array {
  return nftMessage(nftType.getTable, 0, table.family, (writer) => writer.text(1, table.name));
}

/** NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE and NFTA_SET_TABLE are all 1; nfgenmsg comes before. */
function tableNameIn(message: Message): string {
  return new Attributes(message.body.subarray(4)).text(1) ?? '';
}

/** A table of ours that somebody put something foreign into is shown without contents, so that it gets replaced. */
function decodeOwn(name: string, parts: readonly Message[]): TableDefinition[] {
  try {
    return decodeTables(parts);
  } catch {
    return decodeTables(parts.filter(({ type }) => type === nftType.newTable)).map((table) => ({ ...table, name }));
  }
}

function keyOf({ family, name }: TableReference): string {
  return `${family} ${name}`;
}
