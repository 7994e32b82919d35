import { ipFromBytes, ipToBytes, parseIpAddress } from '@fairlead/base';
import type { FieldType, Selector } from './definition.ts';
import type { Expression } from './expression.ts';
import { fields } from './field.ts';

/** What must be known of a packet before a header field can be read. */
export type Requirement = 'ip' | 'ip6' | 'arp' | 'tcp' | 'udp' | 'sctp' | 'icmpv6';

/** How a selector's values are compared. */
export type Comparison = 'plain' | 'address' | 'flags';

/** One thing that a rule can look at. */
export interface SelectorCode {
  /** The instruction that fills a register. */
  readonly load: (register: number) => Expression;
  /** Bytes loaded. */
  readonly length: number;
  readonly requires?: Requirement;
  readonly comparison: Comparison;
  readonly encode: (text: string) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => string;
}

/** Values by name, as nft prints them. */
type Names = Readonly<Record<string, number>>;

const familyNumbers: Names = { ipv4: 2, ipv6: 10 };
/** enum ip_conntrack_info as bits (linux/netfilter/nf_conntrack_common.h, NF_CT_STATE_BIT). */
const connectionStates: Names = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 };
/** enum ip_conntrack_status. */
const connectionStatus: Names = {
  expected: 1,
  'seen-reply': 2,
  assured: 4,
  confirmed: 8,
  snat: 16,
  dnat: 32,
  dying: 512,
};
/** Route types (linux/rtnetlink.h, RTN_*). */
const addressTypes: Names = {
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
};
const tcpFlags: Names = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ecn: 64, cwr: 128 };
/** RFC 4861, section 13; RFC 2710, section 3; RFC 3810, section 5. */
const icmpv6Types: Names = {
  'mld-listener-report': 131,
  'nd-router-solicit': 133,
  'nd-router-advert': 134,
  'nd-neighbor-solicit': 135,
  'nd-neighbor-advert': 136,
  'nd-redirect': 137,
  'mld2-listener-report': 143,
};
const etherTypes: Names = { ip: 0x0800, arp: 0x0806, ip6: 0x86dd };

/** A number of four bytes in host order, as it is: names of groups are the host's own (/etc/iproute2/group). */
const linkGroup = {
  encode: (text: string) => integerBytes(Number(text), 4),
  decode: (bytes: Uint8Array) => `${integerOf(bytes, 4)}`,
};

const addressText = {
  comparison: 'address',
  encode: (text: string) => ipToBytes(parseIpAddress(text)),
  decode: ipFromBytes,
} as const;

/** Every selector. Keys of meta, ct and fib are those of nf_tables.h. */
export const selectors: Readonly<Record<Selector, SelectorCode>> = {
  iifname: meta(6, 'ifname'),
  oifname: meta(7, 'ifname'),
  iif: { load: loadMeta(4), length: 4, comparison: 'plain', ...named({ 0: 0 }, 4) },
  iifgroup: { load: loadMeta(21), length: 4, comparison: 'plain', ...linkGroup },
  oifgroup: { load: loadMeta(22), length: 4, comparison: 'plain', ...linkGroup },
  'meta iifkind': meta(26, 'ifname'),
  'meta mark': meta(3, 'mark'),
  'meta l4proto': meta(16, 'inet_proto'),
  'meta nfproto': { load: loadMeta(15), length: 1, comparison: 'plain', ...named(familyNumbers, 1) },
  'ip saddr': address('ip', 12),
  'ip daddr': address('ip', 16),
  'ip6 saddr': address('ip6', 8),
  'ip6 daddr': address('ip6', 24),
  'th sport': port(0),
  'th dport': port(2),
  'tcp sport': port(0, 'tcp'),
  'tcp dport': port(2, 'tcp'),
  'udp sport': port(0, 'udp'),
  'udp dport': port(2, 'udp'),
  'sctp dport': port(2, 'sctp'),
  'tcp flags': { load: payload(2, 13, 1), length: 1, requires: 'tcp', comparison: 'flags', ...flags(tcpFlags, 1) },
  'ct state': {
    load: (register) => ({ name: 'ct', key: 0, register }),
    length: 4,
    comparison: 'flags',
    ...flags(connectionStates, 4),
  },
  'ct status': {
    load: (register) => ({ name: 'ct', key: 2, register }),
    length: 4,
    comparison: 'flags',
    ...flags(connectionStatus, 4),
  },
  'ct original ip daddr': {
    // NFT_CT_DST_IP of IP_CT_DIR_ORIGINAL.
    load: (register) => ({ name: 'ct', key: 20, register, direction: 0 }),
    length: 4,
    ...addressText,
  },
  'fib daddr type': {
    load: (register) => ({ name: 'fib', register, result: 3, flags: 2 }),
    length: 4,
    comparison: 'plain',
    ...named(addressTypes, 4),
  },
  'ether saddr': { load: payload(0, 6, 6), length: 6, comparison: 'plain', ...textOf('ether_addr') },
  'arp saddr ether': {
    load: payload(1, 8, 6),
    length: 6,
    requires: 'arp',
    comparison: 'plain',
    ...textOf('ether_addr'),
  },
  'arp saddr ip': { load: payload(1, 14, 4), length: 4, requires: 'arp', comparison: 'plain', ...textOf('ipv4_addr') },
  'icmpv6 type': {
    load: payload(2, 0, 1),
    length: 1,
    requires: 'icmpv6',
    comparison: 'plain',
    ...named(icmpv6Types, 1),
  },
  '@th,64,128': { load: payload(2, 8, 16), length: 16, comparison: 'plain', ...textOf('@th,64,128') },
  'meta random': { load: loadMeta(24), length: 4, comparison: 'plain', ...textOf('meta random') },
  'ether type': { load: payload(0, 12, 2), length: 2, comparison: 'plain', ...named(etherTypes, -2) },
};

/** Names of all selectors. */
export const selectorNames: readonly Selector[] = Object.keys(selectors).filter(
  (name): name is Selector => name in selectors,
);

function meta(key: number, type: FieldType): SelectorCode {
  return { load: loadMeta(key), length: fields[type].length, comparison: 'plain', ...textOf(type) };
}

function loadMeta(key: number): (register: number) => Expression {
  return (register) => ({ name: 'meta', key, register });
}

function payload(base: 0 | 1 | 2, offset: number, length: number): (register: number) => Expression {
  return (register) => ({ name: 'payload', base, offset, length, register });
}

function address(family: 'ip' | 'ip6', offset: number): SelectorCode {
  const length = family === 'ip' ? 4 : 16;
  return {
    load: payload(1, offset, length),
    length,
    requires: family,
    ...addressText,
  };
}

function port(offset: number, requires?: 'tcp' | 'udp' | 'sctp'): SelectorCode {
  const code: SelectorCode = { load: payload(2, offset, 2), length: 2, comparison: 'plain', ...textOf('inet_service') };
  return requires === undefined ? code : { ...code, requires };
}

function textOf(type: FieldType): Pick<SelectorCode, 'encode' | 'decode'> {
  return { encode: fields[type].encode, decode: fields[type].decode };
}

/** A number of that many bytes in host order, in network order when negative, written by name. */
function named(names: Names, length: 1 | 4 | -2): Pick<SelectorCode, 'encode' | 'decode'> {
  return {
    encode: (text) => integerBytes(names[text] ?? unknown(text), length),
    decode: (bytes) => {
      const number = integerOf(bytes, length);
      return Object.keys(names).find((name) => names[name] === number) ?? unknown(`${number}`);
    },
  };
}

/** A set of bits, written by name with commas, the lowest first. */
function flags(names: Names, length: 1 | 4): Pick<SelectorCode, 'encode' | 'decode'> {
  const ordered = Object.entries(names).sort(([, a], [, b]) => a - b);
  return {
    encode: (text) => {
      const bits = text.split(',').map((name) => names[name] ?? unknown(name));
      return integerBytes(
        bits.reduce((sum, bit) => sum | bit, 0),
        length,
      );
    },
    decode: (bytes) => {
      const number = integerOf(bytes, length);
      const present = ordered.filter(([, bit]) => (number & bit) !== 0);
      if (present.reduce((sum, [, bit]) => sum | bit, 0) !== number) unknown(`${number}`);
      return present.map(([name]) => name).join(',');
    },
  };
}

function integerBytes(value: number, length: 1 | 4 | -2): Uint8Array {
  const bytes = new Uint8Array(Math.abs(length));
  const view = new DataView(bytes.buffer);
  if (length === 1) view.setUint8(0, value);
  else if (length === 4) view.setUint32(0, value, true);
  else view.setUint16(0, value);
  return bytes;
}

function integerOf(bytes: Uint8Array, length: 1 | 4 | -2): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (length === 1) return view.getUint8(0);
  return length === 4 ? view.getUint32(0, true) : view.getUint16(0);
}

function unknown(text: string): never {
  throw new Error(`nftables: unknown value ${text}`);
}
