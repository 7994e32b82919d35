import { ByteWriter } from '@fairlead/base';
import type { FieldType, Selector, SetDefinition } from './definition.ts';
import { selectors } from './selector.ts';

/** Kinds of expressions by nft's own numbers (enum expr_types, nftables, include/expression.h). */
const kinds = { meta: 9, payload: 7, concatenation: 13 } as const;

/**
 * Fields of headers by nft's own numbers: the protocol (enum proto_desc_id, include/proto.h) and the field in its list
 * (enum iphdr_fields, enum ip6_hdr_fields, enum th_hdr_fields).
 */
const headerFields: Partial<Record<Selector, readonly [protocol: number, field: number]>> = {
  'th dport': [11, 2],
  'ip daddr': [12, 12],
  'ip6 daddr': [13, 9],
};

/**
 * Fields that nft knows no type for: a set with one is printed as `typeof` what its rules look at. The fields beside it are
 * names of interfaces that packets come in by, or addresses and ports that they go to.
 */
const expressions: Partial<Record<FieldType, Selector>> = {
  ifname: 'iifname',
  '@th,64,128': '@th,64,128',
  'meta random': 'meta random',
  ipv4_addr: 'ip daddr',
  ipv6_addr: 'ip6 daddr',
  inet_service: 'th dport',
};

const nameless: readonly FieldType[] = ['@th,64,128', 'meta random'];

/** What `nft list` prints behind `typeof`, the value being that of maps. */
export interface TypeofSelectors {
  readonly key: readonly Selector[];
  readonly value?: readonly Selector[];
}

/** What `nft list` prints behind `typeof`; `undefined` for a set whose types all have names. */
export function typeofSelectors({ key, value }: Pick<SetDefinition, 'key' | 'value'>): TypeofSelectors | undefined {
  if (!key.some((type) => nameless.includes(type))) return undefined;
  const expressionsOf = (types: readonly FieldType[]) => types.map((type) => expressions[type] ?? fail(type));
  return { key: expressionsOf(key), ...(value && { value: expressionsOf(value) }) };
}

/**
 * The value of NFTNL_UDATA_SET_KEY_TYPEOF and NFTNL_UDATA_SET_DATA_TYPEOF: an expression, or a concatenation of several, as
 * nft writes them down for itself (nftables, src/expression.c, concat_expr_build_udata; src/meta.c; src/payload.c).
 */
export function encodeTypeof(key: readonly Selector[]): Uint8Array {
  const parts = key.map(expressionData);
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return expression(
    kinds.concatenation,
    parts.map((part, index) => field(index, part)),
  );
}

function expressionData(selector: Selector): Uint8Array {
  const load = selectors[selector].load(0);
  if (load.name === 'meta') return expression(kinds.meta, [number(0, load.key)]);
  if (load.name !== 'payload') return fail(load.name);
  const { base, offset, length } = load;
  // Without a name: no description, no field, but where it is.
  const place = headerFields[selector] ?? [0, 0, base + 1, offset * 8, length * 8];
  return expression(
    kinds.payload,
    place.map((value, type) => number(type, value)),
  );
}

/** Kind and data of one expression. */
function expression(kind: number, data: readonly Uint8Array[]): Uint8Array {
  return joined([number(0, kind), field(1, joined(data))]);
}

function number(type: number, value: number): Uint8Array {
  return new ByteWriter(6).u8(type).u8(4).u32(value).finish();
}

function field(type: number, bytes: Uint8Array): Uint8Array {
  return new ByteWriter(2 + bytes.length).u8(type).u8(bytes.length).bytes(bytes).finish();
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter(64);
  for (const part of parts) writer.bytes(part);
  return writer.finish();
}

function fail(what: string): never {
  throw new Error(`nftables: no typeof for ${what}`);
}
