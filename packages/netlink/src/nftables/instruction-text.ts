import { ipFromBytes } from '@fairlead/base';
import { Attributes, listAttributes } from '../attribute.ts';
import { comparisons, VERDICT_REGISTER } from './expression.ts';
import { verdictName } from './expression-codec.ts';
import { expressionWords } from './expression-words.ts';

/**
 * Any rule's instructions in words that are close to nft's. Unlike {@link decompileRule} this takes rules that others
 * made: what it does not know is named in brackets, and nothing is left out.
 */
export function describeInstructions(expressions: Uint8Array): string {
  const description = new InstructionDescription();
  for (const [, element] of listAttributes(expressions)) {
    const attributes = new Attributes(element);
    description.add(attributes.text(1) ?? '', attributes.nested(2) ?? new Attributes(new Uint8Array()));
  }
  return description.finish();
}

const metaKeys: Readonly<Record<number, string>> = {
  1: 'meta protocol',
  3: 'meta mark',
  4: 'iif',
  5: 'oif',
  6: 'iifname',
  7: 'oifname',
  10: 'meta skuid',
  15: 'meta nfproto',
  16: 'meta l4proto',
  18: 'meta pkttype',
  21: 'iifgroup',
  22: 'oifgroup',
  23: 'meta cgroup',
  26: 'meta iifkind',
  27: 'meta oifkind',
};
const ctKeys: Readonly<Record<number, string>> = { 0: 'ct state', 1: 'ct direction', 2: 'ct status', 3: 'ct mark' };
const stateBits: readonly [number, string][] = [
  [1, 'invalid'],
  [2, 'established'],
  [4, 'related'],
  [8, 'new'],
  [64, 'untracked'],
];
const protocols: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'ipv6-icmp', 132: 'sctp' };
const etherTypes: Readonly<Record<number, string>> = { 2048: 'ip', 2054: 'arp', 34525: 'ip6' };

/** Fields of headers by base, offset and length. */
const payloadFields: Readonly<Record<string, string>> = {
  '0 0 6': 'ether daddr',
  '0 6 6': 'ether saddr',
  '0 12 2': 'ether type',
  '1 9 1': 'ip protocol',
  '1 12 4': 'ip saddr',
  '1 16 4': 'ip daddr',
  '1 6 1': 'ip6 nexthdr',
  '1 8 16': 'ip6 saddr',
  '1 24 16': 'ip6 daddr',
  '2 0 2': 'th sport',
  '2 2 2': 'th dport',
};

/** Fields that are written with their neighbour, since checksums count two bytes at a time; and checksums. */
const writtenFields: Readonly<Record<string, string>> = {
  '1 8 2': 'ip ttl',
  '1 7 1': 'ip6 hoplimit',
  '2 16 2': 'tcp checksum',
  '2 6 2': 'udp checksum',
};

class InstructionDescription {
  readonly #words: string[] = [];
  readonly #registers = new Map<number, string>();
  readonly #constants = new Map<number, Uint8Array>();
  #mask = '';
  /** The protocol that the rule has asked for before it looked at its ports. */
  #transport: string | undefined;

  finish(): string {
    return this.#words.join(' ');
  }

  add(name: string, data: Attributes): void {
    switch (name) {
      case 'meta':
        return data.has(3) ? this.#say(`${keyName(metaKeys, 'meta', data)} set`) : this.#load(data, metaKeys, 'meta');
      case 'ct':
        return data.has(4) ? this.#say(`${keyName(ctKeys, 'ct', data)} set`) : this.#load(data, ctKeys, 'ct');
      case 'payload':
        return this.#payload(data);
      case 'bitwise':
        this.#mask = ` & 0x${hex(data.nested(4)?.bytes(1))}`;
        return;
      case 'cmp':
        return this.#compare(data);
      case 'range':
        return this.#range(data);
      case 'lookup':
        return this.#lookup(data);
      case 'immediate':
        return this.#immediate(data);
      case 'dynset':
        return this.#dynamicSet(data);
      default:
        return this.#say(expressionWords(name, data) ?? `[${name}]`);
    }
  }

  #say(words: string): void {
    this.#words.push(words);
  }

  #load(data: Attributes, names: Readonly<Record<number, string>>, kind: string): void {
    this.#registers.set(data.u32be(1) ?? 0, keyName(names, kind, data));
  }

  #payload(data: Attributes): void {
    const [base = 0, offset = 0, length = 0] = [2, 3, 4].map((type) => data.u32be(type));
    const raw = `@${['ll', 'nh', 'th'][base] ?? base},${offset * 8},${length * 8}`;
    const key = `${base} ${offset} ${length}`;
    const written = data.u32be(5);
    if (written === undefined) {
      this.#registers.set(data.u32be(1) ?? 0, payloadFields[key] ?? raw);
      return;
    }
    const field = this.#known(writtenFields[key] ?? payloadFields[key] ?? raw);
    const value = this.#constants.get(written);
    this.#mask = '';
    this.#say(`${field} set${value === undefined ? '' : ` ${valueText(field, value)}`}`);
  }

  /** NFTA_DYNSET_SET_NAME, _OP, _SREG_KEY. */
  #dynamicSet(data: Attributes): void {
    const verb = ['add', 'update', 'delete'][data.u32be(3) ?? 0] ?? '[change]';
    this.#say(`${verb} @${data.text(1) ?? ''} { ${this.#known(this.#take(data.u32be(4) ?? 0))} … }`);
  }

  /** `tcp dport` rather than `th dport`, and no word of IP's version before a field of it: as nft writes it. */
  #known(field: string): string {
    const last = this.#words.at(-1) ?? '';
    const version = { 'meta nfproto ipv4': 'ip ', 'meta nfproto ipv6': 'ip6 ' }[last];
    const protocol = /^meta l4proto (tcp|udp|sctp)$/.exec(last)?.[1];
    if ((version !== undefined && field.startsWith(version)) || (protocol !== undefined && field.startsWith('th ')))
      this.#words.pop();
    if (field.startsWith('th ')) this.#transport = protocol ?? this.#transport;
    return this.#transport === undefined ? field : field.replace(/^th /, `${this.#transport} `);
  }

  #compare(data: Attributes): void {
    const field = this.#known(this.#take(data.u32be(1) ?? 0));
    const operator = comparisons[data.u32be(2) ?? 0] ?? '?';
    const value = valueText(field, data.nested(3)?.bytes(1) ?? new Uint8Array());
    // `ct state & new != 0` is what nft writes as `ct state new`.
    const isFlags = field === 'ct state' && operator === '!=' && this.#mask !== '';
    if (isFlags) this.#say(`ct state ${stateNames(this.#mask)}`);
    else this.#say(`${field}${this.#mask} ${operator === '==' ? '' : `${operator} `}${value}`);
    this.#mask = '';
  }

  #range(data: Attributes): void {
    const field = this.#known(this.#take(data.u32be(1) ?? 0));
    const [from, to] = [3, 4].map((type) => valueText(field, data.nested(type)?.bytes(1) ?? new Uint8Array()));
    this.#say(`${field} ${data.u32be(2) === 1 ? '!= ' : ''}${from}-${to}`);
  }

  #lookup(data: Attributes): void {
    const field = this.#known(this.#take(data.u32be(2) ?? 0));
    const set = data.text(1) ?? '';
    const inverted = data.u32be(5) === 1 ? '!= ' : '';
    this.#say(`${field} ${inverted}${set.startsWith('__') ? '{ … }' : `@${set}`}`);
  }

  #immediate(data: Attributes): void {
    const register = data.u32be(1) ?? 0;
    if (register !== VERDICT_REGISTER) {
      this.#constants.set(register, data.nested(2)?.bytes(1) ?? new Uint8Array());
      return;
    }
    const verdict = data.nested(2)?.nested(2);
    const name = verdictName((verdict?.u32be(1) ?? 0) | 0) ?? '[verdict]';
    const chain = verdict?.text(2);
    this.#say(chain === undefined ? name : `${name} ${chain}`);
  }

  #take(register: number): string {
    return this.#registers.get(register) ?? `[register ${register}]`;
  }
}

function keyName(names: Readonly<Record<number, string>>, kind: string, data: Attributes): string {
  const key = data.u32be(2) ?? 0;
  return names[key] ?? `${kind} [${key}]`;
}

function valueText(field: string, bytes: Uint8Array): string {
  if (/ifname$|ifkind$/.test(field)) return `"${textIn(bytes)}"`;
  if (/addr$/.test(field) && (bytes.length === 4 || bytes.length === 16)) return ipFromBytes(bytes);
  const number = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  if (/port$/.test(field)) return `${number}`;
  if (/ifgroup$/.test(field)) return `${new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)}`;
  if (/l4proto$|ip protocol$|nexthdr$/.test(field)) return protocols[number] ?? `${number}`;
  if (/nfproto$/.test(field)) return { 2: 'ipv4', 10: 'ipv6' }[number] ?? `${number}`;
  if (/ether type$|meta protocol$/.test(field)) return etherTypes[number] ?? `0x${hex(bytes)}`;
  return `0x${hex(bytes)}`;
}

/** A name without its padding; one that stands for several ends where the comparison does. */
function textIn(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return end < 0 ? `${new TextDecoder().decode(bytes)}*` : new TextDecoder().decode(bytes.subarray(0, end));
}

/** The mask is in host order, which is little-endian. */
function stateNames(mask: string): string {
  const bits = Number(`0x${mask.slice(' & 0x'.length).slice(0, 2)}`);
  return stateBits
    .filter(([bit]) => (bits & bit) !== 0)
    .map(([, name]) => name)
    .join(',');
}

function hex(bytes: Uint8Array = new Uint8Array()): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
