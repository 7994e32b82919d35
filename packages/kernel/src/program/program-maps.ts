import { close } from '../system-call/syscalls.ts';
import { createBpfMap, freezeBpfMap, updateBpfElement } from './bpf-call.ts';

/** BPF_MAP_TYPE_HASH. */
const HASH = 1;
/** BPF_MAP_TYPE_ARRAY. */
const ARRAY = 2;
/** BPF_MAP_TYPE_LRU_HASH. */
const RECENT = 9;
/** BPF_F_RDONLY_PROG. */
const READ_ONLY_FOR_PROGRAMS = 0x80;

/** A text that programs can hand to helpers as a constant. */
export class ProgramText implements Disposable {
  /** For BPF_PSEUDO_MAP_VALUE. */
  readonly descriptor: number;

  constructor(text: string) {
    const bytes = new TextEncoder().encode(`${text}\0`);
    const request = { type: ARRAY, keySize: 4, valueSize: bytes.length, entries: 1, flags: READ_ONLY_FOR_PROGRAMS };
    this.descriptor = createBpfMap(request);
    updateBpfElement(this.descriptor, new Uint8Array(4), bytes);
    freezeBpfMap(this.descriptor);
  }

  [Symbol.dispose](): void {
    close(this.descriptor);
  }
}

/** A number of four bytes that programs look at each time that they run. */
export class ProgramNumber implements Disposable {
  /** For BPF_PSEUDO_MAP_VALUE. */
  readonly descriptor: number;

  /** Zero at first. */
  constructor() {
    this.descriptor = createBpfMap({
      type: ARRAY,
      keySize: 4,
      valueSize: 4,
      entries: 1,
      flags: READ_ONLY_FOR_PROGRAMS,
    });
  }

  /** From now on it is this one. */
  set(value: number): void {
    updateBpfElement(this.descriptor, new Uint8Array(4), wordOf(value));
  }

  [Symbol.dispose](): void {
    close(this.descriptor);
  }
}

/** Numbers that programs can look up. */
export class NumberSet implements Disposable {
  /** For BPF_LD_MAP_FD; keys are of four bytes in host order. */
  readonly descriptor: number;
  readonly #known = new Set<number>();

  /** @param capacity how many numbers there can be. */
  constructor(capacity: number) {
    this.descriptor = createBpfMap({ type: HASH, keySize: 4, valueSize: 4, entries: capacity });
  }

  /** Add a number; one that is there stays. @throws SystemCallError `E2BIG` when there are too many. */
  add(number: number): void {
    if (this.#known.has(number)) return;
    updateBpfElement(this.descriptor, wordOf(number), Uint8Array.of(1, 0, 0, 0));
    this.#known.add(number);
  }

  [Symbol.dispose](): void {
    close(this.descriptor);
  }
}

/** Numbers of eight bytes that programs note for each other, with a value of eight; the oldest make room for new ones. */
export class ProgramNotes implements Disposable {
  /** For BPF_LD_MAP_FD. */
  readonly descriptor: number;

  /** @param capacity how many there are room for. */
  constructor(capacity: number) {
    this.descriptor = createBpfMap({ type: RECENT, keySize: 8, valueSize: 8, entries: capacity });
  }

  [Symbol.dispose](): void {
    close(this.descriptor);
  }
}

function wordOf(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
