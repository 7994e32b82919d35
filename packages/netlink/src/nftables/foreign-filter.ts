import { Attributes, listAttributes } from '../attribute.ts';
import type { Message } from '../message.ts';
import type { TableFamily } from './definition.ts';
import { rulesetFamily, summarizeChain } from './ruleset-listing.ts';

/** A chain of somebody else's that refuses what is forwarded, by policy or in the end, unless a rule says otherwise. */
export interface ForeignFilter {
  readonly family: TableFamily;
  readonly table: string;
  readonly chain: string;
  /** Names of interfaces that a rule of the table accepts packets of; `br-*` for all that begin so, `*` for any. */
  readonly admitted: readonly string[];
}

const META_IIFNAME = 6;
const META_OIFNAME = 7;
const EQUAL = 0;
const NF_DROP = 0;
const NF_ACCEPT = 1;

interface ForeignRule {
  readonly table: string;
  readonly chain: string;
  readonly admitted: readonly string[];
  /** True for one that drops or rejects whatever comes to it. */
  readonly refuses: boolean;
}

/** A chain that forwarded packets come to. */
interface ForwardChain extends Omit<ForeignFilter, 'admitted'> {
  readonly drops: boolean;
}

/**
 * What of other tables keeps packets from being forwarded, put together from dumps of all chains and all rules. Rules are
 * read as far as interfaces and verdicts go: other conditions are taken to hold.
 */
export function decodeForeignFilters(chains: readonly Message[], rules: readonly Message[]): ForeignFilter[] {
  const found = chains.flatMap(forwardChain);
  const wanted = new Set(found.map(({ family, table }) => `${family} ${table}`));
  const read = rules.flatMap((message) => readRule(message, wanted));
  return found.flatMap(({ drops, ...chain }) => {
    const own = read.filter(({ table }) => table === `${chain.family} ${chain.table}`);
    if (!drops && !own.some((rule) => rule.refuses && rule.chain === chain.chain)) return [];
    return [{ ...chain, admitted: [...new Set(own.flatMap(({ admitted }) => admitted))] }];
  });
}

/** The tables whose rules have to be read: those with a chain that forwarded packets come to. */
export function forwardingTables(
  chains: readonly Message[],
): { readonly family: TableFamily; readonly name: string }[] {
  const tables = chains.flatMap(forwardChain).map(({ family, table }) => ({ family, name: table }));
  return [...new Map(tables.map((table) => [`${table.family} ${table.name}`, table])).values()];
}

function forwardChain(message: Message): ForwardChain[] {
  const { family, table, chain, hook, policy } = summarizeChain(message);
  if (hook !== 'forward' || (family !== 'inet' && family !== 'ip' && family !== 'ip6')) return [];
  return [{ family, table, chain, drops: policy === 'drop' }];
}

function readRule(message: Message, wanted: ReadonlySet<string>): ForeignRule[] {
  const attributes = attributesOf(message);
  const table = `${rulesetFamily(message)} ${attributes.text(1)}`;
  if (!wanted.has(table)) return [];
  const { admitted, refuses } = effectOf(attributes.bytes(4) ?? new Uint8Array());
  return admitted.length > 0 || refuses ? [{ table, chain: attributes.text(2) ?? '', admitted, refuses }] : [];
}

/** Interfaces whose packets a rule accepts, and whether it refuses everything. */
function effectOf(expressions: Uint8Array): Pick<ForeignRule, 'admitted' | 'refuses'> {
  const names: string[] = [];
  let [isName, isConditional, accepts, refuses] = [false, false, false, false];
  for (const [, value] of listAttributes(expressions)) {
    const element = new Attributes(value);
    const data = element.nested(2) ?? new Attributes(new Uint8Array());
    switch (element.text(1)) {
      case 'meta':
        isName = [META_IIFNAME, META_OIFNAME].includes(data.u32be(2) ?? 0);
        break;
      case 'cmp':
        isConditional = true;
        if (isName && data.u32be(2) === EQUAL) names.push(patternOf(data.nested(3)?.bytes(1) ?? new Uint8Array()));
        isName = false;
        break;
      case 'lookup':
        // What is in the set may be anything.
        if (isName) names.push('*');
        isConditional = true;
        break;
      case 'immediate':
        accepts = data.nested(2)?.nested(2)?.u32be(1) === NF_ACCEPT;
        refuses = data.nested(2)?.nested(2)?.u32be(1) === NF_DROP;
        break;
      case 'reject':
        refuses = true;
        break;
      case 'counter':
      case 'log':
        break;
      default:
        isConditional = true;
    }
  }
  const everything = isConditional ? [] : ['*'];
  return { admitted: accepts ? (names.length > 0 ? names : everything) : [], refuses: refuses && !isConditional };
}

/** A whole name ends with a zero; what does not is the beginning of names. */
function patternOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const text = new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  return end < 0 && bytes.length < 16 ? `${text}*` : text;
}

function attributesOf({ body }: Message): Attributes {
  return new Attributes(body.subarray(4));
}
