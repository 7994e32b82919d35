import { Attributes, type AttributeWriter, listAttributes } from '../attribute.ts';
import {
  comparisons,
  type Expression,
  type Register,
  VERDICT_REGISTER,
  type VerdictName,
  verdictNumbers,
} from './expression.ts';

/** NFTA_LIST_ELEM. */
const LIST_ELEMENT = 1;
/** NFTA_DATA_VALUE and NFTA_DATA_VERDICT. */
const DATA_VALUE = 1;
const DATA_VERDICT = 2;
/** NFT_LOOKUP_F_INV. */
const INVERTED = 1;
/** NF_NAT_RANGE_MAP_IPS and NF_NAT_RANGE_PROTO_SPECIFIED: follow from the registers given, the kernel adds them. */
const NAT_FLAGS = 3;
/** NFT_PAYLOAD_CSUM_INET. */
const CHECKSUM_NONE = 0;
const CHECKSUM_INET = 1;
/** The kernel finds the checksum by the protocol. */
const CHECKSUM_OF_TRANSPORT = 1;
/** NFT_EXTHDR_OP_TCPOPT. */
const TCP_OPTION = 1;
/** NFT_BYTEORDER_HTON. */
const HOST_TO_NETWORK = 1;

type Name = Expression['name'];
/** Each expression by its name. */
type Named = { readonly [N in Name]: Extract<Expression, { readonly name: N }> };

const natTypes = ['snat', 'dnat'] as const;
const natFamilies = { ip: 2, ip6: 10 } as const;

/** Write a rule's instructions: the value of NFTA_RULE_EXPRESSIONS (include/uapi/linux/netfilter/nf_tables.h). */
export function encodeExpressions(writer: AttributeWriter, expressions: readonly Expression[]): void {
  for (const expression of expressions) {
    writer.nested(LIST_ELEMENT, (element) => {
      element.text(1, kernelNames[expression.name]).nested(2, (data) => encodeData(data, expression));
    });
  }
}

/**
 * The inverse of {@link encodeExpressions}.
 *
 * @throws Error for an instruction or an attribute that is not known here.
 */
export function decodeExpressions(bytes: Uint8Array): Expression[] {
  return listAttributes(bytes).map(([, value]) => {
    const element = new Attributes(value);
    const name = element.text(1) ?? '';
    const data = element.nested(2) ?? new Attributes(new Uint8Array());
    const decode = decoders[name];
    if (decode === undefined) throw new Error(`unknown nftables expression ${name}`);
    const expression = decode(data);
    element.assertAllRead(`nftables expression ${name}`);
    return expression;
  });
}

const kernelNames: Readonly<Record<Name, string>> = {
  meta: 'meta',
  'meta set': 'meta',
  payload: 'payload',
  'payload set': 'payload',
  cmp: 'cmp',
  bitwise: 'bitwise',
  lookup: 'lookup',
  immediate: 'immediate',
  verdict: 'immediate',
  nat: 'nat',
  masq: 'masq',
  redir: 'redir',
  tproxy: 'tproxy',
  fib: 'fib',
  ct: 'ct',
  counter: 'counter',
  'add to set': 'dynset',
  limit: 'limit',
  notrack: 'notrack',
  rt: 'rt',
  byteorder: 'byteorder',
  'tcp option set': 'exthdr',
  reject: 'reject',
};

function encodeData<N extends Name>(data: AttributeWriter, expression: Named[N]): void {
  encoders[expression.name as N](data, expression);
}

/** NFT_DYNSET_OP_ADD. */
const DYNAMIC_ADD = 0;
/** NFT_LIMIT_PKTS, and what is counted in. */
const LIMIT_PACKETS = 0;
const SECOND = 1n;

const none = () => {};
const keyAndRegister = (data: AttributeWriter, e: { readonly key: number; readonly register: Register }) => {
  data.u32be(2, e.key).u32be(1, e.register);
};

/** Attribute numbers are those of the expression's own enum in nf_tables.h, in the order that nft sends. */
const encoders: { readonly [N in Name]: (data: AttributeWriter, e: Named[N]) => void } = {
  meta: keyAndRegister,
  'meta set': (data, e) => {
    data.u32be(2, e.key).u32be(3, e.source);
  },
  payload: (data, e) => {
    data.u32be(1, e.register).u32be(2, e.base).u32be(3, e.offset).u32be(4, e.length);
  },
  'payload set': (data, e) => {
    data.u32be(5, e.source).u32be(2, e.base).u32be(3, e.offset).u32be(4, e.length);
    if (e.checksumOffset === undefined) data.u32be(6, CHECKSUM_NONE).u32be(7, 0).u32be(8, CHECKSUM_OF_TRANSPORT);
    else data.u32be(6, CHECKSUM_INET).u32be(7, e.checksumOffset).u32be(8, 0);
  },
  cmp: (data, e) => {
    data.u32be(1, e.register).u32be(2, comparisons.indexOf(e.operator));
    data.nested(3, (value) => value.bytes(DATA_VALUE, e.data));
  },
  bitwise: (data, e) => {
    data.u32be(1, e.register).u32be(2, e.register).u32be(3, e.mask.length);
    data.nested(4, (mask) => mask.bytes(DATA_VALUE, e.mask)).nested(5, (xor) => xor.bytes(DATA_VALUE, e.xor));
  },
  lookup: (data, e) => {
    data.u32be(2, e.register);
    if (e.destination !== undefined) data.u32be(3, e.destination);
    data.text(1, e.set).u32be(5, e.inverted ? INVERTED : 0);
  },
  immediate: (data, e) => {
    data.u32be(1, e.register).nested(2, (value) => value.bytes(DATA_VALUE, e.data));
  },
  verdict: (data, e) => encodeVerdict(data, e.verdict, e.chain),
  nat: (data, e) => {
    data.u32be(1, natTypes.indexOf(e.type)).u32be(2, natFamilies[e.family]).u32be(3, e.address);
    if (e.port !== undefined) data.u32be(5, e.port);
  },
  masq: none,
  redir: (data, e) => {
    data.u32be(1, e.port);
  },
  tproxy: (data, e) => {
    data.u32be(1, natFamilies[e.family]).u32be(2, e.address).u32be(3, e.port);
  },
  fib: (data, e) => {
    data.u32be(3, e.flags).u32be(2, e.result).u32be(1, e.register);
  },
  ct: (data, e) => {
    keyAndRegister(data, e);
    if (e.direction !== undefined) data.u8(3, e.direction);
  },
  counter: none,
  'add to set': (data, e) => {
    data.u32be(4, e.key).u32be(3, DYNAMIC_ADD).text(1, e.set);
  },
  limit: (data, e) => {
    data.u64be(1, BigInt(e.perSecond)).u64be(2, SECOND).u32be(3, e.burst).u32be(4, LIMIT_PACKETS).u32be(5, 0);
  },
  notrack: none,
  rt: keyAndRegister,
  byteorder: (data, e) => {
    data.u32be(1, e.register).u32be(2, e.register).u32be(3, HOST_TO_NETWORK).u32be(4, e.length).u32be(5, e.size);
  },
  'tcp option set': (data, e) => {
    data.u32be(7, e.source).u8(2, e.option).u32be(3, e.offset).u32be(4, e.length).u32be(6, TCP_OPTION);
  },
  reject: (data, e) => {
    data.u32be(1, e.type).u8(2, e.code);
  },
};

function encodeVerdict(data: AttributeWriter, verdict: VerdictName, chain: string | undefined): void {
  data.u32be(1, VERDICT_REGISTER).nested(2, (value) => {
    value.nested(DATA_VERDICT, (code) => {
      code.u32be(1, verdictNumbers[verdict]);
      if (chain !== undefined) code.text(2, chain);
    });
  });
}

const decoders: Readonly<Record<string, (data: Attributes) => Expression>> = {
  meta: (a) => {
    const key = number(a, 2);
    return a.has(3) ? { name: 'meta set', key, source: number(a, 3) } : { name: 'meta', key, register: number(a, 1) };
  },
  payload: decodePayload,
  cmp: (a) => ({
    name: 'cmp',
    register: number(a, 1),
    operator: comparisons[number(a, 2)] ?? fail(`comparison ${number(a, 2)}`),
    data: value(a, 3),
  }),
  bitwise: decodeBitwise,
  lookup: (a) => {
    const lookup = {
      name: 'lookup',
      register: number(a, 2),
      set: text(a, 1),
      inverted: a.u32be(5) === INVERTED,
    } as const;
    // NFTA_LOOKUP_SET_ID: only has a meaning inside the batch that made the set.
    a.has(4);
    return a.has(3) ? { ...lookup, destination: number(a, 3) } : lookup;
  },
  immediate: (a) => {
    const register = number(a, 1);
    return register === VERDICT_REGISTER ? decodeVerdict(a) : { name: 'immediate', register, data: value(a, 2) };
  },
  nat: decodeNat,
  masq: () => ({ name: 'masq' }),
  redir: (a) => {
    const port = number(a, 1);
    expectSame(a, 2, port);
    expectOnly(a, 3, NAT_FLAGS);
    return { name: 'redir', port };
  },
  tproxy: (a) => ({
    name: 'tproxy',
    family: number(a, 1) === natFamilies.ip ? 'ip' : 'ip6',
    address: number(a, 2),
    port: number(a, 3),
  }),
  fib: (a) => ({ name: 'fib', register: number(a, 1), result: number(a, 2), flags: number(a, 3) }),
  ct: (a) => {
    const [load, direction] = [{ name: 'ct', key: number(a, 2), register: number(a, 1) } as const, a.u8(3)];
    return direction === undefined ? load : { ...load, direction };
  },
  counter: (a) => {
    // What was counted so far is no part of the rule.
    a.has(1);
    a.has(2);
    return { name: 'counter' };
  },
  dynset: (a) => {
    if (number(a, 3) !== DYNAMIC_ADD) fail('change of a set');
    expectOnly(a, 9, 0);
    return { name: 'add to set', set: text(a, 1), key: number(a, 4) };
  },
  limit: (a) => {
    if (a.u64be(2) !== SECOND || number(a, 4) !== LIMIT_PACKETS) fail('limit');
    expectOnly(a, 5, 0);
    return { name: 'limit', perSecond: Number(a.u64be(1) ?? 0n), burst: number(a, 3) };
  },
  notrack: () => ({ name: 'notrack' }),
  rt: (a) => ({ name: 'rt', key: number(a, 2), register: number(a, 1) }),
  byteorder: (a) => {
    const register = number(a, 1);
    expectSame(a, 2, register);
    if (number(a, 3) !== HOST_TO_NETWORK) fail('byteorder operation');
    return { name: 'byteorder', register, length: number(a, 4), size: number(a, 5) };
  },
  exthdr: (a) => {
    if (number(a, 6) !== TCP_OPTION) fail('header option');
    expectOnly(a, 5, 0);
    const option = a.u8(2) ?? fail('option without type');
    return { name: 'tcp option set', option, offset: number(a, 3), length: number(a, 4), source: number(a, 7) };
  },
  reject: (a) => ({ name: 'reject', type: number(a, 1), code: a.u8(2) ?? 0 }),
};

function decodePayload(a: Attributes): Expression {
  const base = number(a, 2);
  if (base !== 0 && base !== 1 && base !== 2) return fail(`payload base ${base}`);
  const place = { base, offset: number(a, 3), length: number(a, 4) } as const;
  if (!a.has(5)) return { name: 'payload', ...place, register: number(a, 1) };
  const source = number(a, 5);
  if (number(a, 6) === CHECKSUM_NONE) {
    expectOnly(a, 7, 0);
    expectOnly(a, 8, CHECKSUM_OF_TRANSPORT);
    return { name: 'payload set', ...place, source };
  }
  if (number(a, 6) !== CHECKSUM_INET) fail('checksum type');
  expectOnly(a, 8, 0);
  return { name: 'payload set', ...place, source, checksumOffset: number(a, 7) };
}

function decodeBitwise(a: Attributes): Expression {
  const register = number(a, 1);
  expectSame(a, 2, register);
  // NFT_BITWISE_MASK_XOR, the only operation there was at first.
  expectOnly(a, 6, 0);
  const mask = value(a, 4);
  if (number(a, 3) !== mask.length) fail('length of a bitwise operation');
  return { name: 'bitwise', register, mask, xor: value(a, 5) };
}

function decodeNat(a: Attributes): Expression {
  const type = natTypes[number(a, 1)] ?? fail(`translation type ${number(a, 1)}`);
  const family = number(a, 2) === natFamilies.ip ? 'ip' : 'ip6';
  const address = number(a, 3);
  expectSame(a, 4, address);
  expectOnly(a, 7, NAT_FLAGS);
  if (!a.has(5)) return { name: 'nat', type, family, address };
  const port = number(a, 5);
  expectSame(a, 6, port);
  return { name: 'nat', type, family, address, port };
}

function decodeVerdict(a: Attributes): Expression {
  const verdict = a.nested(2)?.nested(DATA_VERDICT) ?? fail('immediate without verdict');
  const code = number(verdict, 1) | 0;
  const chain = verdict.text(2);
  const name = verdictName(code) ?? fail(`verdict ${code}`);
  return chain === undefined ? { name: 'verdict', verdict: name } : { name: 'verdict', verdict: name, chain };
}

/** Name of a verdict number; `undefined` for one that rules cannot give. */
export function verdictName(code: number): VerdictName | undefined {
  const names = ['drop', 'accept', 'continue', 'jump', 'goto', 'return'] as const satisfies readonly VerdictName[];
  return names.find((name) => verdictNumbers[name] === code);
}

function number(a: Attributes, type: number): number {
  return a.u32be(type) ?? fail(`expression without attribute ${type}`);
}

function text(a: Attributes, type: number): string {
  return a.text(type) ?? fail(`expression without attribute ${type}`);
}

function value(a: Attributes, type: number): Uint8Array {
  return a.nested(type)?.bytes(DATA_VALUE) ?? fail(`expression without value ${type}`);
}

/** The kernel shows the upper end of what was given as one register: it must be the same one. */
function expectSame(a: Attributes, type: number, expected: number): void {
  if ((a.u32be(type) ?? expected) !== expected) fail(`attribute ${type} is not ${expected}`);
}

function expectOnly(a: Attributes, type: number, allowed: number): void {
  if (((a.u32be(type) ?? 0) & ~allowed) !== 0) fail(`flags in attribute ${type}`);
}

function fail(what: string): never {
  throw new Error(`nftables: unknown ${what}`);
}
