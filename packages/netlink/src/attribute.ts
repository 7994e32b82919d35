import { ByteReader, type ByteWriter } from '@fairlead/base';

/** The attribute holds attributes (NLA_F_NESTED). */
const NESTED = 0x8000;
/** Type without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const TYPE_MASK = 0x3fff;
/** Bytes of nlattr. */
const HEADER = 4;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Writes netlink attributes (include/uapi/linux/netlink.h: length, type, value, padding to 4 bytes).
 *
 * Integers are in host order unless the method says `be`; nftables and a few link attributes use network order.
 */
export class AttributeWriter {
  /** For the fixed header of a family that comes before its attributes. */
  readonly header: ByteWriter;

  constructor(bytes: ByteWriter) {
    this.header = bytes;
  }

  u8(type: number, value: number): this {
    this.#start(type, 1).u8(value).zeros(3);
    return this;
  }
  u16(type: number, value: number): this {
    this.#start(type, 2).u16(value).zeros(2);
    return this;
  }
  u16be(type: number, value: number): this {
    this.#start(type, 2).u16be(value).zeros(2);
    return this;
  }
  u32(type: number, value: number): this {
    this.#start(type, 4).u32(value);
    return this;
  }
  u32be(type: number, value: number): this {
    this.#start(type, 4).u32be(value);
    return this;
  }
  u64be(type: number, value: bigint): this {
    this.#start(type, 8).u64be(value);
    return this;
  }
  bytes(type: number, value: Uint8Array): this {
    this.#start(type, value.length).bytes(value).align(4);
    return this;
  }
  /** A text with its terminating zero. */
  text(type: number, value: string): this {
    const bytes = encoder.encode(value);
    this.#start(type, bytes.length + 1)
      .bytes(bytes)
      .zeros(1)
      .align(4);
    return this;
  }
  /** An attribute that is only there or not. */
  flag(type: number): this {
    this.#start(type, 0);
    return this;
  }
  /** Attributes inside an attribute. */
  nested(type: number, body: (writer: this) => void): this {
    return this.#enclose(type | NESTED, body);
  }
  /** As {@link nested}, for the old attributes whose types are compared with the flag included. */
  nestedPlain(type: number, body: (writer: this) => void): this {
    return this.#enclose(type, body);
  }

  #enclose(type: number, body: (writer: this) => void): this {
    const start = this.header.length;
    this.header.u16(0).u16(type);
    body(this);
    this.header.patchU16(start, this.header.length - start);
    return this;
  }

  #start(type: number, length: number): ByteWriter {
    return this.header.u16(HEADER + length).u16(type);
  }
}

/** All attributes in order, as [type, value] with values that are views of `bytes`. */
export function listAttributes(bytes: Uint8Array): [type: number, value: Uint8Array][] {
  const attributes: [number, Uint8Array][] = [];
  eachAttribute(bytes, (type, value) => attributes.push([type, value]));
  return attributes;
}

/** Without a reader: a list of links is thousands of attributes, and a start reads several lists. */
function eachAttribute(bytes: Uint8Array, visit: (type: number, value: Uint8Array) => void): void {
  for (let at = 0; bytes.length - at >= HEADER; ) {
    const length = u16At(bytes, at);
    if (length < HEADER) throw new RangeError(`a netlink attribute cannot be ${length} bytes long`);
    const left = bytes.length - at;
    if (length > left) throw new RangeError(`${length - HEADER} bytes wanted, ${left - HEADER} left`);
    visit(u16At(bytes, at + 2) & TYPE_MASK, bytes.subarray(at + HEADER, at + length));
    at += (length + 3) & ~3;
  }
}

function u16At(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

/**
 * Attributes by type, the last one counting where a type comes twice. Every getter gives `undefined` for one that is
 * absent. The set remembers what was asked for, so that a reader which must not overlook anything can prove it
 * ({@link assertAllRead}).
 */
export class Attributes {
  readonly #values = new Map<number, Uint8Array>();
  readonly #unread = new Set<number>();
  /** Those that were opened, by type: asked for twice, it is the same one. */
  #children: Map<number, Attributes> | undefined;

  constructor(bytes: Uint8Array) {
    eachAttribute(bytes, (type, value) => {
      this.#values.set(type, value);
      this.#unread.add(type);
    });
  }

  has(type: number): boolean {
    return this.bytes(type) !== undefined;
  }
  bytes(type: number): Uint8Array | undefined {
    this.#unread.delete(type);
    return this.#values.get(type);
  }
  u8(type: number): number | undefined {
    return this.#read(type)?.u8();
  }
  u16(type: number): number | undefined {
    return this.#read(type)?.u16();
  }
  u16be(type: number): number | undefined {
    return this.#read(type)?.u16be();
  }
  u32(type: number): number | undefined {
    return this.#read(type)?.u32();
  }
  u32be(type: number): number | undefined {
    return this.#read(type)?.u32be();
  }
  i32(type: number): number | undefined {
    return this.#read(type)?.i32();
  }
  u64(type: number): bigint | undefined {
    return this.#read(type)?.u64();
  }
  u64be(type: number): bigint | undefined {
    return this.#read(type)?.u64be();
  }
  /** A text up to its terminating zero, if it has one. */
  text(type: number): string | undefined {
    const bytes = this.bytes(type);
    if (bytes === undefined) return undefined;
    const end = bytes.indexOf(0);
    return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
  }
  nested(type: number): Attributes | undefined {
    return this.nestedBehind(type, 0);
  }
  /** Attributes that stand behind a fixed header of `length` bytes inside this attribute. */
  nestedBehind(type: number, length: number): Attributes | undefined {
    const bytes = this.bytes(type);
    const known = this.#children?.get(type);
    if (bytes === undefined || known !== undefined) return known;
    const child = new Attributes(bytes.subarray(length));
    this.#children ??= new Map();
    this.#children.set(type, child);
    return child;
  }

  /**
   * Prove that nothing was overlooked, in nested attributes neither.
   *
   * @throws Error that names the attributes nobody asked for.
   */
  assertAllRead(where: string): void {
    if (this.#unread.size > 0) throw new Error(`${where}: unknown attributes ${[...this.#unread].join(', ')}`);
    for (const child of this.#children?.values() ?? []) child.assertAllRead(where);
  }

  #read(type: number): ByteReader | undefined {
    const bytes = this.bytes(type);
    return bytes === undefined ? undefined : new ByteReader(bytes);
  }
}
