import { ByteWriter } from '@fairlead/base';
import type { FieldType, Selector } from './definition.ts';
import type { Expression } from './expression.ts';
import { selectors } from './selector.ts';

/** Kinds of expressions by nft's own numbers (enum expr_types, nftables, include/expression.h). */
const kinds = { meta: 9, payload: 7, concatenation: 13 } as const;

/**
 * Fields that nft knows no type for: a set of them is printed as `typeof` what its rules look at. Such sets have names of
 * interfaces beside them, of those that packets come in by.
 */
const expressions: Partial<Record<FieldType, Selector>> = { ifname: 'iifname', '@th,64,128': '@th,64,128' };

/** What `nft list` prints behind `typeof`; `undefined` for the key of a set whose types all have names. */
export function typeofSelectors(key: readonly FieldType[]): readonly Selector[] | undefined {
  if (!key.includes('@th,64,128')) return undefined;
  return key.map((type) => expressions[type] ?? fail(type));
}

/**
 * The value of NFTNL_UDATA_SET_KEY_TYPEOF: the expressions of a concatenation, as nft writes them down for itself
 * (nftables, src/expression.c, concat_expr_build_udata; src/meta.c; src/payload.c).
 */
export function encodeTypeof(key: readonly Selector[]): Uint8Array {
  const parts = key.map((selector, index) => field(index, expressionData(selectors[selector].load(0))));
  return expression(kinds.concatenation, parts);
}

function expressionData(load: Expression): Uint8Array {
  if (load.name === 'meta') return expression(kinds.meta, [number(0, load.key)]);
  if (load.name !== 'payload') return fail(load.name);
  const { base, offset, length } = load;
  // Description and field of a protocol: none.
  const place = [0, 0, base + 1, offset * 8, length * 8];
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
