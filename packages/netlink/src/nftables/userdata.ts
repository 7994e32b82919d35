import { ByteReader, ByteWriter } from '@fairlead/base';

/**
 * What nft keeps in the kernel for itself: type, length and value, a byte each for the first two (libnftnl,
 * src/udata.c). The kernel does not look at it.
 */
export type Userdata = ReadonlyMap<number, Uint8Array>;

/** Type of the comment of tables and chains (NFTNL_UDATA_TABLE_COMMENT) and rules. */
const COMMENT = 0;
/** Of sets: NFTNL_UDATA_SET_KEYBYTEORDER, _DATABYTEORDER, _KEY_TYPEOF, _DATA_TYPEOF and _COMMENT. */
const SET_KEY_BYTE_ORDER = 0;
const SET_DATA_BYTE_ORDER = 1;
const SET_KEY_TYPEOF = 3;
const SET_DATA_TYPEOF = 4;
const SET_COMMENT = 7;
/** nft's own numbers for byte orders (enum byteorder); concatenations have none. */
const byteOrders = { none: 0, host: 1, big: 2 } as const;

/** Byte order of a set's key or data for nft's own use. */
export type SetByteOrder = keyof typeof byteOrders;

/** Comment of a table, a chain or a rule. */
export function encodeComment(comment: string): Uint8Array {
  return new ByteWriter(64).bytes(commentField(COMMENT, comment)).finish();
}

/** The comment of a table, a chain or a rule; `undefined` when there is none. */
export function decodeComment(bytes: Uint8Array): string | undefined {
  return textOf(parseUserdata(bytes).get(COMMENT));
}

/** What nft keeps of a set. */
export interface SetUserdata {
  readonly key: SetByteOrder;
  /** Of maps. */
  readonly data?: SetByteOrder | undefined;
  /** What the key is taken from, where its types have no names; see `encodeTypeof`. */
  readonly typeof?: Uint8Array | undefined;
  /** The same of the data of such a map. */
  readonly dataTypeof?: Uint8Array | undefined;
  readonly comment?: string | undefined;
}

/** What nft needs to print a set: without the byte orders it reads single-field keys the wrong way round. */
export function encodeSetUserdata({ key, data, typeof: source, dataTypeof, comment }: SetUserdata): Uint8Array {
  const writer = new ByteWriter(32);
  writer.u8(SET_KEY_BYTE_ORDER).u8(4).u32(byteOrders[key]);
  if (data !== undefined) writer.u8(SET_DATA_BYTE_ORDER).u8(4).u32(byteOrders[data]);
  if (source !== undefined) writer.u8(SET_KEY_TYPEOF).u8(source.length).bytes(source);
  if (dataTypeof !== undefined) writer.u8(SET_DATA_TYPEOF).u8(dataTypeof.length).bytes(dataTypeof);
  if (comment !== undefined) writer.bytes(commentField(SET_COMMENT, comment));
  return writer.finish();
}

/** The comment of a set; `undefined` when there is none. */
export function decodeSetComment(bytes: Uint8Array): string | undefined {
  return textOf(parseUserdata(bytes).get(SET_COMMENT));
}

function commentField(type: number, comment: string): Uint8Array {
  const text = new TextEncoder().encode(comment);
  // nft refuses longer ones (NFTNL_UDATA_COMMENT_MAXLEN).
  if (text.length > 127) throw new RangeError(`nftables comment longer than 127 bytes: ${comment}`);
  return new ByteWriter(text.length + 3)
    .u8(type)
    .u8(text.length + 1)
    .bytes(text)
    .zeros(1)
    .finish();
}

function parseUserdata(bytes: Uint8Array): Userdata {
  const reader = new ByteReader(bytes);
  const parts = new Map<number, Uint8Array>();
  while (reader.remaining >= 2) {
    const type = reader.u8();
    parts.set(type, reader.bytes(reader.u8()));
  }
  return parts;
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0) < 0 ? bytes.length : bytes.indexOf(0)));
}
