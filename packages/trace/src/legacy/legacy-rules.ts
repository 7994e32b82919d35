import { ipFromBytes } from '@fairlead/base';

/** A table of the older iptables, as the kernel gives it (include/uapi/linux/netfilter_ipv4/ip_tables.h, ip6_tables.h). */
export interface LegacyTableBytes {
  readonly family: 4 | 6;
  readonly name: string;
  /** struct ipt_getinfo. */
  readonly info: Uint8Array;
  /** struct ipt_entry or ip6t_entry, one after the other. */
  readonly entries: Uint8Array;
}

/** A rule in a few words, and what tells it from others. */
export interface LegacyRule {
  readonly chain: string;
  /** As iptables-save writes it, as far as addresses, interfaces, ports and names go. */
  readonly text: string;
  /** The same for rules that say the same. */
  readonly signature: string;
  /** What it does with a packet: `DROP`, `REJECT`, the name of a chain; empty when it only counts. */
  readonly target: string;
  /** Packets that it has met. */
  readonly packets: bigint;
}

/** What a table consists of. */
export interface LegacyRules {
  /** `ip filter`. */
  readonly table: string;
  readonly rules: readonly LegacyRule[];
  /** What becomes of packets that no rule of a chain decides about; `-` for chains of users. */
  readonly policies: ReadonlyMap<string, string>;
  /** How many packets the policies have decided about. */
  readonly decided: ReadonlyMap<string, bigint>;
}

/** NF_INET_*. */
const hookNames = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'] as const;
/** Verdicts as they stand in rules: what netfilter calls them, negative and less one. */
const verdicts: ReadonlyMap<number, string> = new Map([
  [-1, 'DROP'],
  [-2, 'ACCEPT'],
  [-4, 'QUEUE'],
  [-5, 'RETURN'],
]);
/** Where the parts of an entry are: of its head, the length of the rest, and where matches begin. */
const layouts = {
  4: { address: 4, interfaces: 16, protocol: 80, inverted: 83, offsets: 88, counters: 96, matches: 112 },
  6: { address: 16, interfaces: 64, protocol: 128, inverted: 132, offsets: 140, counters: 152, matches: 168 },
} as const;
/** Of ipt_getinfo. */
const info = { hooks: 32, entries: 36, policies: 56 } as const;
const NAME_BYTES = 16;
/** Bytes of xt_entry_match and xt_entry_target before their data. */
const EXTENSION_HEADER = 32;
const protocolNames: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'ipv6-icmp'],
  [132, 'sctp'],
]);
/** IPT_INV_*: what is meant the other way round. */
const inversion = { in: 0x01, out: 0x02, source: 0x08, destination: 0x10, protocol: 0x40 } as const;
const decoder = new TextDecoder('latin1');

/** A match or a target. */
interface Extension {
  readonly name: string;
  readonly data: Uint8Array;
}

/** One entry of a table, and where it begins. */
interface Entry {
  readonly at: number;
  readonly head: Uint8Array;
  readonly matches: readonly Extension[];
  readonly target: Extension;
  readonly packets: bigint;
}

/** Read a table. */
export function legacyRules(table: LegacyTableBytes): LegacyRules {
  const { family } = table;
  const entries = entriesIn(table);
  const chains = chainsIn(table, entries);
  const policies = new Map<string, string>();
  const decided = new Map<string, bigint>();
  const rules: LegacyRule[] = [];
  let chain = '';
  for (const [index, entry] of entries.entries()) {
    chain = chains.beginnings.get(entry.at) ?? chain;
    const next = entries[index + 1];
    if (entry.target.name === 'ERROR') policies.set(chain, '-');
    else if (chains.policies.has(entry.at)) {
      policies.set(chain, targetName(entry.target, chains.beginnings));
      decided.set(chain, entry.packets);
    }
    // The last entry of a user's chain returns, and nobody has written it.
    else if (policies.get(chain) !== '-' || next?.target.name !== 'ERROR')
      rules.push(ruleOf(family, chain, entry, chains.beginnings));
  }
  policies.delete('ERROR');
  return { table: `${family === 4 ? 'ip' : 'ip6'} ${table.name}`, rules, policies, decided };
}

function entriesIn({ family, entries: bytes }: LegacyTableBytes): Entry[] {
  const { offsets, counters, matches: first } = layouts[family];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Entry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [targetAt, length] = [view.getUint16(at + offsets, true), view.getUint16(at + offsets + 2, true)];
    if (length === 0) break;
    const matches: Extension[] = [];
    for (let match = first; match < targetAt; ) {
      const size = view.getUint16(at + match, true);
      if (size === 0) break;
      matches.push(extensionIn(bytes.subarray(at + match, at + match + size)));
      match += size;
    }
    const target = extensionIn(bytes.subarray(at + targetAt, at + length));
    const packets = view.getBigUint64(at + counters, true);
    entries.push({ at, head: bytes.subarray(at, at + offsets - 4), matches, target, packets });
    at += length;
  }
  return entries;
}

function extensionIn(bytes: Uint8Array): Extension {
  return { name: textIn(bytes.subarray(2, EXTENSION_HEADER - 1)), data: bytes.subarray(EXTENSION_HEADER) };
}

/** Where chains begin, by what they are called, and where the policies of the built-in ones are. */
function chainsIn({ info: bytes }: LegacyTableBytes, entries: readonly Entry[]) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const valid = view.getUint32(info.hooks, true);
  const beginnings = new Map<number, string>();
  const policies = new Set<number>();
  for (const [index, name] of hookNames.entries()) {
    if ((valid & (1 << index)) === 0) continue;
    beginnings.set(view.getUint32(info.entries + index * 4, true), name);
    policies.add(view.getUint32(info.policies + index * 4, true));
  }
  for (const [index, { at, target }] of entries.entries()) {
    if (target.name !== 'ERROR') continue;
    const name = textIn(target.data);
    beginnings.set(at, name);
    // Who jumps into a chain jumps behind its name.
    const first = entries[index + 1];
    if (first !== undefined) beginnings.set(first.at, name);
  }
  return { beginnings, policies };
}

function ruleOf(family: 4 | 6, chain: string, entry: Entry, chains: ReadonlyMap<number, string>): LegacyRule {
  const { head, matches, target } = entry;
  const name = targetName(target, chains);
  const words = [
    ...headWords(family, head),
    ...matches.flatMap((match) => ['-m', match.name, ...portWords(match)]),
    ...(name === '' ? [] : ['-j', name]),
  ];
  // A jump is to another place when rules before that were added.
  const data = target.name === '' ? name : target.data.toHex();
  const signature = [
    chain,
    head.toHex(),
    ...matches.map((match) => match.name + match.data.toHex()),
    target.name,
    data,
  ];
  return { chain, text: words.join(' '), signature: signature.join(' '), target: name, packets: entry.packets };
}

function targetName({ name, data }: Extension, chains: ReadonlyMap<number, string>): string {
  if (name !== '') return name;
  const verdict = new DataView(data.buffer, data.byteOffset).getInt32(0, true);
  return verdicts.get(verdict) ?? chains.get(verdict) ?? '';
}

/** Addresses, interfaces and protocol. */
function headWords(family: 4 | 6, head: Uint8Array): string[] {
  const { address: size, interfaces, protocol, inverted } = layouts[family];
  const flags = head[inverted] ?? 0;
  const not = (bit: number) => ((flags & bit) === 0 ? [] : ['!']);
  const prefix = (index: number, option: string, bit: number) => {
    const length = bitsIn(head.subarray((index + 2) * size, (index + 3) * size));
    if (length === 0) return [];
    return [...not(bit), option, `${ipFromBytes(head.subarray(index * size, (index + 1) * size))}/${length}`];
  };
  const link = (index: number, option: string, bit: number) => {
    const at = interfaces + index * NAME_BYTES;
    const name = textIn(head.subarray(at, at + NAME_BYTES));
    return name === '' ? [] : [...not(bit), option, name];
  };
  const number = (head[protocol] ?? 0) | ((head[protocol + 1] ?? 0) << 8);
  return [
    ...prefix(0, '-s', inversion.source),
    ...prefix(1, '-d', inversion.destination),
    ...link(0, '-i', inversion.in),
    ...link(1, '-o', inversion.out),
    ...(number === 0 ? [] : [...not(inversion.protocol), '-p', protocolNames.get(number) ?? String(number)]),
  ];
}

/** Of TCP and UDP, whose matches begin with both ranges (xt_tcp, xt_udp). */
function portWords({ name, data }: Extension): string[] {
  if (name !== 'tcp' && name !== 'udp') return [];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return ['--sport', '--dport'].flatMap((option, index) => {
    const [first, last] = [view.getUint16(index * 4, true), view.getUint16(index * 4 + 2, true)];
    if (first === 0 && last === 0xffff) return [];
    return [option, first === last ? String(first) : `${first}:${last}`];
  });
}

function bitsIn(mask: Uint8Array): number {
  return mask.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
}

function textIn(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}
