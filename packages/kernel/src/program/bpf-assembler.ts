/** Number of a register: 0 takes results, 1 to 5 hold arguments, 6 to 9 survive calls, 10 is the end of the stack. */
export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** Bytes that a load or a store moves. */
export type Width = 1 | 2 | 4 | 8;

/** One instruction, or the name of the place between two. */
export type Item = Instruction | { readonly label: string };

/** An instruction of the BPF machine (RFC 9669). */
export interface Instruction {
  readonly code: number;
  readonly target?: Register;
  readonly source?: number;
  readonly offset?: number;
  readonly value?: number;
  /** Jump there rather than by `offset`. */
  readonly to?: string;
}

const loads: Readonly<Record<Width, number>> = { 1: 0x71, 2: 0x69, 4: 0x61, 8: 0x79 };
const stores: Readonly<Record<Width, number>> = { 1: 0x73, 2: 0x6b, 4: 0x63, 8: 0x7b };
const JUMP_EQUAL = 0x15;
const JUMP_EQUAL_32 = 0x16;
const JUMP_SAME_32 = 0x1e;
const JUMP_ANY_BIT = 0x45;
const JUMP_DIFFERENT = 0x55;
const JUMP_UNEQUAL = 0x5d;
/** BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE. */
const MAP = 1;
const MAP_VALUE = 2;
/** BPF_PSEUDO_KFUNC_CALL. */
const FUNCTION = 2;

/** The place that jumps with this name go to. */
export function label(name: string): Item {
  return { label: name };
}

/** `target = source`. */
export function move(target: Register, source: Register): Instruction {
  return { code: 0xbf, target, source };
}

/** `target = value`. */
export function set(target: Register, value: number): Instruction {
  return { code: 0xb7, target, value };
}

/** `target += value`. */
export function addValue(target: Register, value: number): Instruction {
  return { code: 0x07, target, value };
}

/** `target &= value`. */
export function andValue(target: Register, value: number): Instruction {
  return { code: 0x57, target, value };
}

/** `target += source`. */
export function add(target: Register, source: Register): Instruction {
  return { code: 0x0f, target, source };
}

/** `target >>= bits`. */
export function shiftRight(target: Register, bits: number): Instruction {
  return { code: 0x77, target, value: bits };
}

/** `target <<= bits`. */
export function shiftLeft(target: Register, bits: number): Instruction {
  return { code: 0x67, target, value: bits };
}

/** `target = *(source + offset)`. */
export function load(width: Width, target: Register, source: Register, offset: number): Instruction {
  return { code: loads[width], target, source, offset };
}

/** `*(target + offset) = source`. */
export function store(width: Width, target: Register, offset: number, source: Register): Instruction {
  return { code: stores[width], target, offset, source };
}

/** `*(target + offset) = value`, of 4 or 8 bytes. */
export function storeValue(width: 4 | 8, target: Register, offset: number, value: number): Instruction {
  return { code: width === 4 ? 0x62 : 0x7a, target, offset, value };
}

/** `target = the map behind a descriptor`. */
export function loadMap(target: Register, descriptor: number): Item[] {
  return [{ code: 0x18, target, source: MAP, value: descriptor }, { code: 0 }];
}

/** `target = where the first value of the map lies`. */
export function loadMapValue(target: Register, descriptor: number): Item[] {
  return [{ code: 0x18, target, source: MAP_VALUE, value: descriptor }, { code: 0 }];
}

/** `target = value`, of 64 bits. */
export function setLong(target: Register, value: bigint): Item[] {
  const [low, high] = [Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))];
  return [
    { code: 0x18, target, value: low },
    { code: 0, value: high },
  ];
}

/** Call a helper of the kernel by its number (enum bpf_func_id). */
export function call(helper: number): Instruction {
  return { code: 0x85, value: helper };
}

/** Call a function of the kernel by its number in the kernel's type information. */
export function callFunction(typeId: number): Instruction {
  return { code: 0x85, source: FUNCTION, value: typeId };
}

/** Jump when a register equals a value. */
export function jumpEqual(target: Register, value: number, to: string): Instruction {
  return { code: JUMP_EQUAL, target, value, to };
}

/** As {@link jumpEqual}, looking at the lower 32 bits only. */
export function jumpEqual32(target: Register, value: number, to: string): Instruction {
  return { code: JUMP_EQUAL_32, target, value, to };
}

/** Jump when a register differs from a value. */
export function jumpDifferent(target: Register, value: number, to: string): Instruction {
  return { code: JUMP_DIFFERENT, target, value, to };
}

/** Jump when two registers differ. */
export function jumpUnequal(target: Register, source: Register, to: string): Instruction {
  return { code: JUMP_UNEQUAL, target, source, to };
}

/** Jump when the lower 32 bits of two registers are the same (Linux 5.1). */
export function jumpSame32(target: Register, source: Register, to: string): Instruction {
  return { code: JUMP_SAME_32, target, source, to };
}

/** Jump when a register has one of the bits of a value. */
export function jumpAnyBit(target: Register, value: number, to: string): Instruction {
  return { code: JUMP_ANY_BIT, target, value, to };
}

/** Jump. */
export function jump(to: string): Instruction {
  return { code: 0x05, to };
}

/** Return with `r0`. */
export function exit(): Instruction {
  return { code: 0x95 };
}

/**
 * The bytes of a program.
 *
 * @throws Error for a jump to a place that there is not.
 */
export function assemble(items: readonly Item[]): Uint8Array {
  const labels = new Map<string, number>();
  const instructions: Instruction[] = [];
  for (const item of items) {
    if ('label' in item) labels.set(item.label, instructions.length);
    else instructions.push(item);
  }
  const view = new DataView(new ArrayBuffer(instructions.length * 8));
  instructions.forEach((instruction, index) => {
    const { code, target = 0, source = 0, offset = 0, value = 0, to } = instruction;
    view.setUint8(index * 8, code);
    view.setUint8(index * 8 + 1, target | (source << 4));
    view.setInt16(index * 8 + 2, to === undefined ? offset : distance(labels, to, index), true);
    view.setInt32(index * 8 + 4, value | 0, true);
  });
  return new Uint8Array(view.buffer);
}

function distance(labels: ReadonlyMap<string, number>, to: string, from: number): number {
  const place = labels.get(to);
  if (place === undefined) throw new Error(`a jump to ${to}, which is nowhere`);
  return place - from - 1;
}
