import { listAttributes, type Message, nftType, rulesetFamily } from '@fairlead/netlink';
import { decodeGeneration, summarizeRule } from '@fairlead/netlink/tracing';
import type { ForeignEntry } from './journal-entry.ts';

/** Rules that are told in full. */
const DETAILS = 5;

/** Bytes of nlattr, which is before what it holds. */
const LIST_HEADER = 4;

/** What notifications are about: the word, and where the name of what it belongs to is among the attributes. */
const kinds: ReadonlyMap<
  number,
  { readonly word: string; readonly verb: 'added' | 'removed'; readonly owner?: number }
> = new Map([
  [nftType.newTable, { word: 'table', verb: 'added' }],
  [nftType.deleteTable, { word: 'table', verb: 'removed' }],
  [nftType.newChain, { word: 'chain', verb: 'added', owner: 3 }],
  [nftType.deleteChain, { word: 'chain', verb: 'removed', owner: 3 }],
  [nftType.newRule, { word: 'rule', verb: 'added', owner: 2 }],
  [nftType.deleteRule, { word: 'rule', verb: 'removed', owner: 2 }],
  [nftType.newSet, { word: 'set', verb: 'added', owner: 2 }],
  [nftType.deleteSet, { word: 'set', verb: 'removed', owner: 2 }],
  [nftType.newElement, { word: 'element', verb: 'added', owner: 2 }],
  [nftType.deleteElement, { word: 'element', verb: 'removed', owner: 2 }],
]);

const decoder = new TextDecoder();

/** A transaction of another program. */
export type RulesetChange = Omit<ForeignEntry, 'kind' | 'command'>;

/**
 * Puts notifications of nftables together to transactions: the last one of each says who made it. Those of one process,
 * ourselves, are passed over.
 */
export class RulesetChanges {
  readonly #ownProcess: number;
  readonly #counts = new Map<string, number>();
  readonly #details: string[] = [];
  /** The last element that was told of, by the beginning of its message: of these thousands come in a row. */
  #element: { readonly type: number; readonly beginning: Uint8Array; readonly what: string } | undefined;

  /** @param ownProcess number of the process as the kernel has it. */
  constructor(ownProcess: number) {
    this.#ownProcess = ownProcess;
  }

  /** Take a notification. @returns the transaction that it ends, when that was somebody else's. */
  note(message: Message): RulesetChange | undefined {
    if (message.type !== nftType.newGeneration) {
      this.#count(message);
      return undefined;
    }
    const counts = [...this.#counts];
    const details = this.#details.splice(0);
    this.#counts.clear();
    const { processId, processName } = decodeGeneration(message);
    if (processId === this.#ownProcess || counts.length === 0) return undefined;
    return {
      what: 'firewall',
      name: counts.map(([what, count]) => counted(what, count)).join(', '),
      details,
      ...(processName !== undefined && { program: processName }),
      ...(processId !== undefined && { processId }),
    };
  }

  #count(message: Message): void {
    const kind = kinds.get(message.type);
    if (kind === undefined) return;
    const { word, verb, owner } = kind;
    if (this.#element?.type === message.type && beginsWith(message.body, this.#element.beginning)) {
      this.#add(this.#element.what);
      return;
    }
    // Only names are read: a set can come with a hundred thousand elements.
    const names = new Map(listAttributes(message.body.subarray(4)).filter(([type]) => type <= 3));
    const list = names.get(3);
    const table = `${rulesetFamily(message)} ${textOf(names.get(1))}`;
    const name = owner === undefined ? '' : textOf(names.get(owner));
    const what = describe({ table, word, verb, name });
    this.#add(what);
    if (word === 'element' && list !== undefined) {
      const beginning = message.body.subarray(0, list.byteOffset - message.body.byteOffset - LIST_HEADER);
      this.#element = { type: message.type, beginning, what };
    }
    if (message.type === nftType.newRule && this.#details.length < DETAILS) {
      this.#details.push(`${table} ${name}: ${summarizeRule(message).text}`);
    }
  }

  #add(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }
}

/** Family, table and set come before the list of elements (net/netfilter/nf_tables_api.c, nf_tables_fill_setelem_info). */
function beginsWith(body: Uint8Array, beginning: Uint8Array): boolean {
  return body.length >= beginning.length && Buffer.compare(body.subarray(0, beginning.length), beginning) === 0;
}

/** `#` stands for how many: `ip filter: # rule added to FORWARD`. */
function describe({
  table,
  word,
  verb,
  name,
}: {
  readonly table: string;
  readonly word: string;
  readonly verb: 'added' | 'removed';
  readonly name: string;
}): string {
  if (word === 'table') return `table ${table} ${verb}`;
  if (word === 'chain' || word === 'set') return `${table}: ${word} ${name} ${verb}`;
  return `${table}: # ${word} ${verb} ${verb === 'added' ? 'to' : 'from'} ${name}`;
}

function counted(what: string, count: number): string {
  return what.replace(/# (\w+)/, (_, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`);
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : decoder.decode(bytes.subarray(0, -1));
}
