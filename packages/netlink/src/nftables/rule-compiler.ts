import { familyOf, ipToBytes, parseIpAddress } from '@fairlead/base';
import type {
  Comparand,
  FieldType,
  Selector,
  SetDefinition,
  Statement,
  TableDefinition,
  TranslationStatement,
  WritableField,
} from './definition.ts';
import type { Expression, Register } from './expression.ts';
import { fields } from './field.ts';
import { type Requirement, type SelectorCode, selectors } from './selector.ts';

/** NFT_META_PROTOCOL, NFT_META_MARK, NFT_META_NFPROTO and NFT_META_L4PROTO. */
const META_PROTOCOL = 1;
const META_MARK = 3;
const META_NFPROTO = 15;
const META_L4PROTO = 16;
/** NFT_RT_TCPMSS. */
const ROUTE_MSS = 3;
/** TCPOPT_MAXSEG, and where its value stands behind kind and length. */
const MAXIMUM_SEGMENT_SIZE = 2;
const OPTION_VALUE = 2;

/** What a packet must be for each requirement: the instruction to look, and what must be seen. */
const requirementValues: Readonly<Record<Requirement, { nfproto?: number; etherType?: number; l4proto?: number }>> = {
  ip: { nfproto: 2, etherType: 0x0800 },
  ip6: { nfproto: 10, etherType: 0x86dd },
  arp: { etherType: 0x0806 },
  tcp: { l4proto: 6 },
  udp: { l4proto: 17 },
  sctp: { l4proto: 132 },
  icmpv6: { l4proto: 58 },
};

/** Numbers of `reject`: type and ICMP code (enum nft_reject_types, nft_reject_inet_code). */
export const rejections = {
  'icmpx admin-prohibited': { type: 2, code: 3 },
  'tcp reset': { type: 1, code: 0 },
} as const;

/** Where the fields that can be rewritten stand, and where the header's checksum does. */
export const writableFields: Readonly<
  Record<WritableField, { requires: 'tcp' | 'udp'; offset: number; checksumOffset: number }>
> = {
  'udp sport': { requires: 'udp', offset: 0, checksumOffset: 6 },
  'udp dport': { requires: 'udp', offset: 2, checksumOffset: 6 },
  'tcp sport': { requires: 'tcp', offset: 0, checksumOffset: 16 },
  'tcp dport': { requires: 'tcp', offset: 2, checksumOffset: 16 },
};

/**
 * Turn the statements of a rule into instructions, the same that nft makes of the same text.
 *
 * @throws Error for a map that the table does not have, or a statement that `nft list` would print differently.
 */
export function compileRule(
  table: Pick<TableDefinition, 'family' | 'sets'>,
  statements: readonly Statement[],
): Expression[] {
  const compiler = new RuleCompiler(table);
  for (const statement of statements) compiler.add(statement);
  return compiler.expressions;
}

/** The register at a distance of so many four-byte words from the first. */
export function registerAt(word: number): Register {
  return word % 4 === 0 ? 1 + word / 4 : 8 + word;
}

class RuleCompiler {
  readonly expressions: Expression[] = [];
  readonly #table: Pick<TableDefinition, 'family' | 'sets'>;
  readonly #known = new Set<Requirement>();
  readonly #matched = new Set<Selector>();

  constructor(table: Pick<TableDefinition, 'family' | 'sets'>) {
    this.#table = table;
  }

  add(statement: Statement): void {
    if ('match' in statement) this.#match(statement.match, statement.operator, statement.with);
    else if ('counter' in statement) this.#push({ name: 'counter' });
    else if ('notrack' in statement) this.#push({ name: 'notrack' });
    else if ('verdict' in statement) this.#push({ name: 'verdict', ...statement });
    else if ('masquerade' in statement) this.#push({ name: 'masq' });
    else if ('translate' in statement) this.#translate(statement);
    else if ('redirect' in statement) this.#redirect(statement.redirect.port);
    else if ('tproxy' in statement) this.#intercept(statement.tproxy.address, statement.tproxy.port);
    else if ('set' in statement) this.#write(statement.set, statement.to);
    else if ('setMark' in statement) this.#setMark(statement.setMark);
    else if ('clampMss' in statement) this.#clamp();
    else this.#push({ name: 'reject', ...rejections[statement.reject] });
  }

  #push(...expressions: Expression[]): void {
    this.expressions.push(...expressions);
  }

  #match(names: readonly Selector[], operator: '!=' | '!' | undefined, comparand: Comparand): void {
    if ('set' in comparand) {
      this.#load(names);
      this.#push({ name: 'lookup', register: 1, set: comparand.set, inverted: operator === '!=' });
      return;
    }
    const [name] = names;
    if (name === undefined || names.length > 1) throw new Error(`${names.join(' . ')} can only be looked up in a set`);
    const code = selectors[name];
    this.#require(code.requires);
    this.#push(...comparisonOf(code, operator, comparand.value));
    this.#matched.add(name);
  }

  /** Fill registers with the fields of a concatenation, each starting at a word of its own. */
  #load(names: readonly Selector[]): void {
    for (const name of names) this.#require(selectors[name].requires);
    let word = 0;
    for (const name of names) {
      const code = selectors[name];
      this.#push(code.load(registerAt(word)));
      word += Math.ceil(code.length / 4);
    }
  }

  /** Header fields are only there in packets of that protocol; nft does not print the look at it. */
  #require(requirement: Requirement | undefined): void {
    if (requirement === undefined || this.#known.has(requirement)) return;
    this.#known.add(requirement);
    const { nfproto, etherType, l4proto } = requirementValues[requirement];
    if (l4proto !== undefined) this.#expect('meta l4proto', META_L4PROTO, Uint8Array.of(l4proto));
    else if (this.#table.family === 'inet' && nfproto !== undefined)
      this.#expect('meta nfproto', META_NFPROTO, Uint8Array.of(nfproto));
    else if (this.#table.family === 'bridge' || this.#table.family === 'netdev') {
      this.#expect('ether type', META_PROTOCOL, Uint8Array.of((etherType ?? 0) >> 8, (etherType ?? 0) & 255));
    } else if (this.#table.family !== requirement)
      throw new Error(`no ${requirement} in a table of family ${this.#table.family}`);
  }

  #expect(selector: Selector, key: number, data: Uint8Array): void {
    if (this.#matched.has(selector))
      throw new Error(`${selector} before a header field of that protocol is not printed by nft`);
    this.#push({ name: 'meta', key, register: 1 }, { name: 'cmp', register: 1, operator: '==', data });
  }

  #translate(statement: TranslationStatement): void {
    const { translate: type, family } = statement;
    if ('address' in statement) {
      this.#push({ name: 'immediate', register: 1, data: ipToBytes(parseIpAddress(statement.address)) });
      if (statement.port === undefined) return this.#push({ name: 'nat', type, family, address: 1 });
      this.#expectPorts();
      this.#push({ name: 'immediate', register: 2, data: portBytes(statement.port) });
      return this.#push({ name: 'nat', type, family, address: 1, port: 2 });
    }
    const value = this.#map(statement.map).value ?? [];
    this.#load(statement.by);
    this.#push({ name: 'lookup', register: 1, set: statement.map, inverted: false, destination: 1 });
    const nat = { name: 'nat', type, family, address: 1 } as const;
    this.#push(value.includes('inet_service') ? { ...nat, port: registerAt(wordsOf(value[0])) } : nat);
  }

  #map(name: string): SetDefinition {
    const set = this.#table.sets.find((candidate) => candidate.name === name);
    if (set?.value === undefined) throw new Error(`the table has no map ${name}`);
    return set;
  }

  /** nft does not read a translation to a port before it knows that the packet has ports. */
  #expectPorts(): void {
    const known = this.#known.has('tcp') || this.#known.has('udp') || this.#matched.has('meta l4proto');
    if (!known) throw new Error('translation to a port needs a match of the transport protocol before it');
  }

  #redirect(port: number): void {
    this.#expectPorts();
    this.#push({ name: 'immediate', register: 1, data: portBytes(port) }, { name: 'redir', port: 1 });
  }

  #intercept(address: string, port: number): void {
    this.#expectPorts();
    const target = parseIpAddress(address);
    this.#push(
      { name: 'immediate', register: 1, data: ipToBytes(target) },
      { name: 'immediate', register: 2, data: portBytes(port) },
      { name: 'tproxy', family: familyOf(target) === 4 ? 'ip' : 'ip6', address: 1, port: 2 },
    );
  }

  #write(field: WritableField, port: number): void {
    const { requires, offset, checksumOffset } = writableFields[field];
    this.#require(requires);
    this.#push(
      { name: 'immediate', register: 1, data: portBytes(port) },
      { name: 'payload set', base: 2, offset, length: 2, source: 1, checksumOffset },
    );
  }

  #setMark(mark: number): void {
    this.#push(
      { name: 'immediate', register: 1, data: selectors['meta mark'].encode(`${mark}`) },
      { name: 'meta set', key: META_MARK, source: 1 },
    );
  }

  #clamp(): void {
    this.#require('tcp');
    this.#push(
      { name: 'rt', key: ROUTE_MSS, register: 1 },
      { name: 'byteorder', register: 1, length: 2, size: 2 },
      { name: 'tcp option set', option: MAXIMUM_SEGMENT_SIZE, offset: OPTION_VALUE, length: 2, source: 1 },
    );
  }
}

function comparisonOf(code: SelectorCode, operator: '!=' | '!' | undefined, text: string): Expression[] {
  const load = code.load(1);
  if (code.comparison === 'address' && text.includes('/')) return prefixComparison(code, load, operator, text);
  if (code.comparison !== 'flags' || operator === '!=')
    return [load, compare(operator === '!=' ? '!=' : '==', code.encode(text))];
  const [value = '', mask] = text.split(' / ');
  if (mask !== undefined) return [load, masked(code.encode(mask)), compare('==', code.encode(value))];
  const none = new Uint8Array(code.length);
  return [load, masked(code.encode(value)), compare(operator === '!' ? '==' : '!=', none)];
}

/** A prefix of whole bytes is compared as that, and of a header no others are loaded; any other goes through a mask. */
function prefixComparison(
  code: SelectorCode,
  load: Expression,
  operator: '!=' | '!' | undefined,
  text: string,
): Expression[] {
  const [address = '', bits = ''] = text.split('/');
  const length = Number(bits);
  const bytes = code.encode(address);
  if (operator === '!' || !(length > 0 && length < bytes.length * 8)) throw new Error(`cannot match ${text}`);
  const cmp = operator ?? '==';
  if (length % 8 === 0) {
    const loaded = load.name === 'payload' ? { ...load, length: length / 8 } : load;
    return [loaded, compare(cmp, bytes.subarray(0, length / 8))];
  }
  return [load, masked(prefixMask(bytes.length, length)), compare(cmp, bytes)];
}

/** A mask of `bits` leading ones. */
export function prefixMask(length: number, bits: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => 255 & ~(255 >> Math.min(8, Math.max(0, bits - index * 8))));
}

function compare(operator: '==' | '!=', data: Uint8Array): Expression {
  return { name: 'cmp', register: 1, operator, data };
}

function masked(mask: Uint8Array): Expression {
  return { name: 'bitwise', register: 1, mask, xor: new Uint8Array(mask.length) };
}

function portBytes(port: number): Uint8Array {
  return fields.inet_service.encode(`${port}`);
}

function wordsOf(type: FieldType | undefined): number {
  return type === undefined ? 0 : Math.ceil(fields[type].length / 4);
}
