import { ByteWriter } from '@fairlead/base';
import { labelsOf } from './name.ts';

/** Offsets beyond this do not fit into a compression pointer (14 bits). */
const MAX_POINTER_TARGET = 0x3fff;

/** Appends the parts of a DNS message; remembers names so that later ones can point to them. */
export class MessageWriter {
  readonly #bytes = new ByteWriter(512);
  /** Offset of each name suffix, keyed by its labels' octets; case is kept, for a pointer must not change it. */
  readonly #suffixes = new Map<string, number>();

  /** Octets written so far. */
  get length(): number {
    return this.#bytes.length;
  }

  u8(value: number): this {
    this.#bytes.u8(value);
    return this;
  }

  u16(value: number): this {
    this.#bytes.u16be(value);
    return this;
  }

  u32(value: number): this {
    this.#bytes.u32be(value);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#bytes.bytes(value);
    return this;
  }

  /**
   * A name, compressed (RFC 1035, section 4.1.4) unless `compress` is false, as RFC 3597 wants it for the newer types.
   *
   * @throws FairleadError `invalid-argument` for a name that does not fit into a message.
   */
  name(name: string, compress = true): this {
    const labels = labelsOf(name);
    for (let index = 0; index < labels.length; index++) {
      const suffix = labels
        .slice(index)
        .map((label) => label.toHex())
        .join('.');
      const target = this.#suffixes.get(suffix);
      if (target !== undefined && compress) return this.u16(0xc000 | target);
      if (target === undefined && this.length <= MAX_POINTER_TARGET) this.#suffixes.set(suffix, this.length);
      const label = labels[index] ?? new Uint8Array();
      this.#bytes.u8(label.length).bytes(label);
    }
    return this.u8(0);
  }

  /** A 16-bit length followed by what `write` appends, which is what the length counts. */
  counted(write: () => void): this {
    const at = this.length;
    this.u16(0);
    write();
    const length = this.length - at - 2;
    // `patchU16` is little-endian, the length is not.
    this.#bytes.patchU16(at, ((length & 0xff) << 8) | (length >> 8));
    return this;
  }

  /** A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes.finish());
  }
}
