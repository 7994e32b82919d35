/** Descriptors that programs are made with. */
export const descriptors = { tag: 5, ring: 9, notes: 10, symbolFormat: 11, namespaces: 12 } as const;

/** Numbers of the types by which programs look at memory. */
export const view = { cast: 700, bytes: 70 } as const;

/** Where what programs look at lies in the memory of the machine. */
export const places = {
  context: 0x100,
  packet: 0x1000,
  device: 0x2000,
  namespace: 0x2800,
  bytes: 0x3000,
  tag: 0x4000,
  note: 0x4010,
};
const STACK_END = 0x8000;
const MEMORY = 0x8000;

/** What a program did. */
export interface Run {
  /** Records that it wrote. */
  readonly records: readonly Uint8Array[];
  /** Lengths of what it copied. */
  readonly reads: readonly number[];
}

/** Runs programs as RFC 9669 has it, as far as ours go, with a kernel that has one packet. */
export class ProgramMachine {
  readonly memory = new DataView(new ArrayBuffer(MEMORY));
  /** Addresses that programs have noted, and for which tag. */
  readonly notes = new Map<bigint, bigint>();

  /** @throws Error for an instruction or a helper that is not known. */
  run(program: Uint8Array): Run {
    const code = new DataView(program.buffer, program.byteOffset, program.byteLength);
    const registers = new BigUint64Array(11);
    registers[1] = BigInt(places.context);
    registers[10] = BigInt(STACK_END);
    const run = { records: [] as Uint8Array[], reads: [] as number[] };
    for (let at = 0; ; at++) {
      const operation = code.getUint8(at * 8);
      const [target, source] = [code.getUint8(at * 8 + 1) & 15, code.getUint8(at * 8 + 1) >> 4];
      const offset = code.getInt16(at * 8 + 2, true);
      const value = code.getInt32(at * 8 + 4, true);
      if (operation === 0x95) return run;
      if (operation === 0x85) registers[0] = this.#call(value, source, registers, run);
      else if (operation === 0x18)
        registers[target] = BigInt(source === 2 && value === descriptors.tag ? places.tag : value);
      else if ((operation & 7) === 5 || (operation & 7) === 6) {
        if (
          jumps(operation, registers[target] ?? 0n, (operation & 8) === 0 ? BigInt(value) : (registers[source] ?? 0n))
        )
          at += offset;
      } else if ((operation & 7) === 7) {
        const operand = (operation & 8) === 0 ? BigInt(value) : (registers[source] ?? 0n);
        registers[target] = calculate(operation & 0xf0, registers[target] ?? 0n, operand);
      } else this.#move(operation, registers, { target, source, offset, value });
      if (operation === 0x18) at++;
    }
  }

  #move(
    operation: number,
    registers: BigUint64Array,
    { target, source, offset, value }: Readonly<Record<'target' | 'source' | 'offset' | 'value', number>>,
  ): void {
    const width = ({ 16: 1, 8: 2, 0: 4, 24: 8 } as const)[operation & 0x18] ?? 4;
    const kind = operation & 7;
    if (kind === 1) registers[target] = this.#load(Number(registers[source]) + offset, width);
    else if (kind === 2) this.#store(Number(registers[target]) + offset, width, BigInt(value));
    else if (kind === 3) this.#store(Number(registers[target]) + offset, width, registers[source] ?? 0n);
    else throw new Error(`instruction ${operation.toString(16)}`);
  }

  #load(at: number, width: number): bigint {
    let value = 0n;
    for (let index = width - 1; index >= 0; index--) value = (value << 8n) | BigInt(this.memory.getUint8(at + index));
    return value;
  }

  #store(at: number, width: number, value: bigint): void {
    for (let index = 0; index < width; index++)
      this.memory.setUint8(at + index, Number((value >> BigInt(index * 8)) & 0xffn));
  }

  /** @param kind 2 when the number is that of a function in the type information, 0 for a helper. */
  #call(
    helper: number,
    kind: number,
    registers: BigUint64Array,
    run: { records: Uint8Array[]; reads: number[] },
  ): bigint {
    const [, first = 0, second = 0, third = 0] = Array.from(registers, Number);
    const key = () => this.#load(second, 8);
    const bytes = new Uint8Array(this.memory.buffer);
    // Numbers of enum bpf_func_id, each as bpf-helpers(7) has it; the one function tells the verifier something.
    if (kind === 2) {
      if (helper !== view.cast || second !== view.bytes) throw new Error(`function ${helper} of ${second}`);
      registers.fill(0xdeadn, 1, 6);
      return BigInt(first);
    }
    if (helper === 1) {
      const note = this.notes.get(key());
      this.#store(places.note, 8, note ?? 0n);
      return note === undefined ? 0n : BigInt(places.note);
    }
    if (helper === 2) this.notes.set(key(), this.#load(third, 8));
    else if (helper === 3) this.notes.delete(key());
    else if (helper === 113) {
      bytes.copyWithin(first, third, third + second);
      run.reads.push(second);
    } else if (helper === 130) run.records.push(bytes.slice(second, second + third));
    else if (helper !== 5 && helper !== 165) throw new Error(`helper ${helper}`);
    // What a helper was given is lost.
    registers.fill(0xdeadn, 1, 6);
    return 0n;
  }
}

function calculate(operation: number, left: bigint, right: bigint): bigint {
  switch (operation) {
    case 0x00:
      return BigInt.asUintN(64, left + right);
    case 0x50:
      return BigInt.asUintN(64, left & right);
    case 0x60:
      return BigInt.asUintN(64, left << right);
    case 0x70:
      return left >> right;
    case 0xb0:
      return BigInt.asUintN(64, right);
    default:
      throw new Error(`calculation ${operation.toString(16)}`);
  }
}

function jumps(operation: number, left: bigint, right: bigint): boolean {
  const bits = (operation & 7) === 6 ? 32 : 64;
  const [one, other] = [BigInt.asUintN(bits, left), BigInt.asUintN(bits, right)];
  switch (operation & 0xf0) {
    case 0x00:
      return true;
    case 0x10:
      return one === other;
    case 0x40:
      return (one & other) !== 0n;
    case 0x50:
      return one !== other;
    default:
      throw new Error(`jump ${operation.toString(16)}`);
  }
}
