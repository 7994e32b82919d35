/** Kinds of types (BTF_KIND_*, include/uapi/linux/btf.h). */
const kind = {
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enumeration: 6,
  function: 12,
  prototype: 13,
  variable: 14,
} as const;
const TYPEDEF = 8;
const DATASEC = 15;
const INTEGER = 1;
const DECLARATION_TAG = 17;
const ENUMERATION_64 = 19;
/** const, volatile, restrict, typedef and type tag: another name for what they refer to. */
const renamings: ReadonlySet<number> = new Set([TYPEDEF, 9, 10, 11, 18]);
/** Words of a type before what belongs to its kind. */
const HEAD = 3;

/** A parameter of a function. */
export interface Parameter {
  readonly name: string;
  readonly type: number;
}

/**
 * The kernel's own description of its types (`/sys/kernel/btf/vmlinux`; Documentation/bpf/btf.rst), as far as it is asked
 * for. Reading all of its 150,000 types by name would take a hundred milliseconds; this looks for the names it is given
 * and compares numbers.
 */
export class KernelTypes {
  readonly #words: Uint32Array;
  readonly #strings: Uint8Array;
  /** Where each type begins, in words. */
  readonly #places: Uint32Array;
  readonly #named = new Map<string, number[]>();

  /**
   * @param names those of the types that will be looked for with {@link find}.
   * @throws Error when it is something else.
   */
  constructor(bytes: Uint8Array, names: readonly string[]) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < 24 || view.getUint16(0, true) !== 0xeb9f) throw new Error('not a description of types');
    const headerLength = view.getUint32(4, true);
    const [typeOffset, typeLength, stringOffset, stringLength] = [8, 12, 16, 20].map((at) => view.getUint32(at, true));
    const start = bytes.byteOffset + headerLength + (typeOffset ?? 0);
    this.#words = new Uint32Array(bytes.buffer.slice(start, start + (typeLength ?? 0)));
    const strings = headerLength + (stringOffset ?? 0);
    this.#strings = bytes.subarray(strings, strings + (stringLength ?? 0));
    this.#places = this.#index(this.#offsetsOf(names));
  }

  /** Offsets of the names in the string section. */
  #offsetsOf(names: readonly string[]): Map<number, string> {
    const haystack = Buffer.from(this.#strings.buffer, this.#strings.byteOffset, this.#strings.length);
    const offsets = new Map<number, string>();
    for (const name of names) {
      const at = haystack.indexOf(`\0${name}\0`, 0, 'latin1');
      if (at >= 0) offsets.set(at + 1, name);
    }
    return offsets;
  }

  #index(wanted: ReadonlyMap<number, string>): Uint32Array {
    const words = this.#words;
    const places = new Uint32Array(words.length / HEAD + 1);
    let id = 1;
    for (let at = 0; at < words.length; id++) {
      places[id] = at;
      const name = wanted.get(words[at] ?? 0);
      if (name !== undefined) this.#named.set(name, [...(this.#named.get(name) ?? []), id]);
      at += HEAD + extraWords(words[at + 1] ?? 0);
    }
    return places.subarray(0, id);
  }

  /** The struct of a name. */
  struct(name: string): number {
    return this.#find(name, kind.struct);
  }

  /** The typedef of a name, 0 when there is none. */
  typedef(name: string): number {
    return this.#named.get(name)?.find((id) => this.#kindOf(id) === TYPEDEF) ?? 0;
  }

  /** The function of a name, 0 when there is none. */
  function(name: string): number {
    return this.#named.get(name)?.find((id) => this.#kindOf(id) === kind.function) ?? 0;
  }

  /**
   * Bytes from the start of a struct to a member, which may be inside unnamed structs and unions.
   *
   * @throws Error when there is none of that name.
   */
  offsetOf(struct: string, member: string): number {
    const found = this.#member(this.struct(struct), member);
    if (found === undefined) throw new Error(`the kernel's struct ${struct} has no ${member}`);
    return found;
  }

  /** Parameters of the function that a typedef of a pointer to it stands for. */
  parametersOf(typedef: number): Parameter[] {
    const prototype = this.#reference(this.#reference(typedef));
    const at = this.#at(prototype);
    return Array.from({ length: countOf(this.#words[at + 1] ?? 0) }, (_, index) => ({
      name: this.#text(this.#words[at + HEAD + index * 2] ?? 0),
      type: this.#words[at + HEAD + index * 2 + 1] ?? 0,
    }));
  }

  /** True for a pointer to a struct of this name. */
  isPointerTo(type: number, struct: string): boolean {
    const pointer = this.#resolve(type);
    if (this.#kindOf(pointer) !== kind.pointer) return false;
    const target = this.#resolve(this.#reference(pointer));
    return target !== 0 && this.#kindOf(target) === kind.struct && this.#nameOf(target) === struct;
  }

  /** Names of an enumeration's values, by number. */
  valuesOf(enumeration: string): Map<number, string> {
    const at = this.#at(this.#find(enumeration, kind.enumeration));
    const count = countOf(this.#words[at + 1] ?? 0);
    return new Map(
      Array.from({ length: count }, (_, index) => [
        this.#words[at + HEAD + index * 2 + 1] ?? 0,
        this.#text(this.#words[at + HEAD + index * 2] ?? 0),
      ]),
    );
  }

  #find(name: string, wanted: number): number {
    const id = this.#named.get(name)?.find((candidate) => this.#kindOf(candidate) === wanted);
    if (id === undefined) throw new Error(`the kernel's types have no ${name}`);
    return id;
  }

  #member(type: number, name: string): number | undefined {
    const at = this.#at(type);
    const info = this.#words[at + 1] ?? 0;
    // With bit fields in it, the upper byte of an offset is the width of one.
    const mask = info >>> 31 === 1 ? 0xff_ffff : 0xffff_ffff;
    for (let index = 0; index < countOf(info); index++) {
      const member = at + HEAD + index * 3;
      const offset = ((this.#words[member + 2] ?? 0) & mask) / 8;
      const own = this.#text(this.#words[member] ?? 0);
      if (own === name) return offset;
      const inner = own === '' ? this.#member(this.#resolve(this.#words[member + 1] ?? 0), name) : undefined;
      if (inner !== undefined) return offset + inner;
    }
    return undefined;
  }

  #resolve(type: number): number {
    let id = type;
    while (id !== 0 && renamings.has(this.#kindOf(id))) id = this.#reference(id);
    return id;
  }

  #at(id: number): number {
    return this.#places[id] ?? 0;
  }

  #kindOf(id: number): number {
    return id === 0 ? 0 : kindIn(this.#words[this.#at(id) + 1] ?? 0);
  }

  #reference(id: number): number {
    return this.#words[this.#at(id) + 2] ?? 0;
  }

  #nameOf(id: number): string {
    return this.#text(this.#words[this.#at(id)] ?? 0);
  }

  #text(offset: number): string {
    const end = this.#strings.indexOf(0, offset);
    return Buffer.from(this.#strings.buffer, this.#strings.byteOffset + offset, end - offset).toString('latin1');
  }
}

function kindIn(info: number): number {
  return (info >>> 24) & 31;
}

function countOf(info: number): number {
  return info & 0xffff;
}

/** Words that follow the head of a type of this kind. */
function extraWords(info: number): number {
  switch (kindIn(info)) {
    case INTEGER:
    case kind.variable:
    case DECLARATION_TAG:
      return 1;
    case kind.array:
      return 3;
    case kind.struct:
    case kind.union:
    case DATASEC:
    case ENUMERATION_64:
      return countOf(info) * 3;
    case kind.enumeration:
    case kind.prototype:
      return countOf(info) * 2;
    default:
      return 0;
  }
}
