import { Attributes, listAttributes } from '../attribute.ts';
import type { Message } from '../message.ts';
import { rulesetFamily, summarizeChain } from './chain-listing.ts';
import type { TableFamily } from './definition.ts';

/** A chain of somebody else's that refuses what is forwarded, by policy or by a rule, unless another rule says otherwise. */
export interface ForeignFilter {
  readonly family: TableFamily;
  readonly table: string;
  readonly chain: string;
  /** Refuses only what comes to this interface from elsewhere, as `! -i docker0 -o docker0 -j DROP`; absent for everything. */
  readonly toward?: string;
  /** Names of interfaces that a rule of the table accepts packets of; `br-*` for all that begin so, `*` for any. */
  readonly admitted: readonly string[];
}

const META_IIFNAME = 6;
const META_OIFNAME = 7;
const EQUAL = 0;
const NOT_EQUAL = 1;
const NF_DROP = 0;
const NF_ACCEPT = 1;

interface ForeignRule extends Effect {
  readonly table: string;
  readonly chain: string;
}

/** What a rule does, as far as it is understood. */
interface Effect {
  /** Interfaces whose packets it accepts. */
  readonly admitted: readonly string[];
  /** Whether it drops or rejects whatever comes to it. */
  readonly refuses: boolean;
  /** The interface that it drops or rejects everything for that comes from another one. */
  readonly toward?: string;
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
    const partly = own.flatMap(({ toward, chain: name }) =>
      toward === undefined ? [] : [{ ...chain, chain: name, toward, admitted: [] }],
    );
    if (!drops && !own.some((rule) => rule.refuses && rule.chain === chain.chain)) return partly;
    return [{ ...chain, admitted: [...new Set(own.flatMap(({ admitted }) => admitted))] }, ...partly];
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
  const effect = effectOf(attributes.bytes(4) ?? new Uint8Array());
  const matters = effect.admitted.length > 0 || effect.refuses || effect.toward !== undefined;
  return matters ? [{ table, chain: attributes.text(2) ?? '', ...effect }] : [];
}

/** A condition on the interface that a packet comes from, or goes to. */
interface InterfaceCondition {
  readonly side: 'from' | 'to';
  readonly equal: boolean;
  readonly pattern: string;
}

/** The expressions of a rule, put together. */
interface ReadExpressions {
  readonly interfaces: readonly InterfaceCondition[];
  /** Whether it asks for anything else. */
  readonly others: boolean;
  readonly verdict: 'accept' | 'refuse' | undefined;
}

function effectOf(expressions: Uint8Array): Effect {
  const { interfaces, others, verdict } = readExpressions(expressions);
  const isConditional = others || interfaces.length > 0;
  if (verdict === 'accept') {
    const names = interfaces.filter(({ equal }) => equal).map(({ pattern }) => pattern);
    return { admitted: names.length > 0 || isConditional ? names : ['*'], refuses: false };
  }
  const [toward, ...more] = interfaces.filter(({ side, equal }) => side === 'to' && equal);
  const fromElsewhere = interfaces.filter(
    ({ side, equal, pattern }) => side === 'from' && !equal && pattern === toward?.pattern,
  );
  const isToward =
    verdict === 'refuse' && !others && more.length === 0 && interfaces.length === 2 && fromElsewhere.length === 1;
  return {
    admitted: [],
    refuses: verdict === 'refuse' && !isConditional,
    ...(isToward && toward && { toward: toward.pattern }),
  };
}

function readExpressions(expressions: Uint8Array): ReadExpressions {
  const interfaces: InterfaceCondition[] = [];
  let side: InterfaceCondition['side'] | undefined;
  let others = false;
  let verdict: ReadExpressions['verdict'];
  for (const [, value] of listAttributes(expressions)) {
    const element = new Attributes(value);
    const data = element.nested(2) ?? new Attributes(new Uint8Array());
    switch (element.text(1)) {
      case 'meta':
        side = sideOf(data.u32be(2));
        others ||= side === undefined;
        break;
      case 'cmp': {
        const operator = data.u32be(2) ?? EQUAL;
        if (side === undefined || (operator !== EQUAL && operator !== NOT_EQUAL)) others = true;
        else {
          const pattern = patternOf(data.nested(3)?.bytes(1) ?? new Uint8Array());
          interfaces.push({ side, equal: operator === EQUAL, pattern });
        }
        side = undefined;
        break;
      }
      case 'lookup':
        // What is in the set may be anything.
        if (side !== undefined) interfaces.push({ side, equal: true, pattern: '*' });
        others = true;
        break;
      case 'immediate':
        verdict = verdictOf(data.nested(2)?.nested(2)?.u32be(1)) ?? verdict;
        break;
      case 'reject':
        verdict = 'refuse';
        break;
      case 'counter':
      case 'log':
        break;
      default:
        others = true;
    }
  }
  return { interfaces, others, verdict };
}

function sideOf(key: number | undefined): InterfaceCondition['side'] | undefined {
  if (key === META_IIFNAME) return 'from';
  return key === META_OIFNAME ? 'to' : undefined;
}

function verdictOf(code: number | undefined): ReadExpressions['verdict'] {
  if (code === NF_ACCEPT) return 'accept';
  return code === NF_DROP ? 'refuse' : undefined;
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
