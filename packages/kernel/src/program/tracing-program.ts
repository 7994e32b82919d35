import { close } from '../system-call/syscalls.ts';
import {
  attachBpfProgram,
  closeAll,
  createBpfMap,
  freezeBpfMap,
  loadBpfProgram,
  runBpfProgram,
  updateBpfElement,
} from './bpf-call.ts';
import { linkToAllProcesses } from './control-group-program.ts';

/** BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, BPF_PROG_TYPE_SCHED_CLS. */
const TRACING = 26;
const RAW_TRACEPOINT = 23;
/** BPF_PROG_TYPE_CGROUP_SYSCTL, BPF_CGROUP_SYSCTL. */
const SYSCTL = 23;
const SYSCTL_HOOK = 18;
const CLASSIFIER = 3;
/** BPF_MAP_TYPE_HASH. */
const HASH = 1;
/** BPF_MAP_TYPE_LRU_HASH. */
const RECENT = 9;
/** BPF_MAP_TYPE_ARRAY, BPF_F_RDONLY_PROG. */
const ARRAY = 2;
const READ_ONLY_FOR_PROGRAMS = 0x80;

/** A program for a tracepoint of the kernel. */
export interface TracingProgram {
  readonly name: string;
  readonly instructions: Uint8Array;
  /** Number of the typedef `btf_trace_<tracepoint>` in the kernel's type information. */
  readonly tracepointTypeId: number;
}

/**
 * Load a program and let it run at its tracepoint until it is disposed of, or this process ends in any way.
 *
 * @throws SystemCallError when the kernel refuses: without BPF, without the right to use it, or the program is wrong.
 */
export function attachTracingProgram({ name, instructions, tracepointTypeId }: TracingProgram): Disposable {
  const request = { type: TRACING, name, instructions, attachType: RAW_TRACEPOINT, attachTypeId: tracepointTypeId };
  const program = loadBpfProgram(request);
  try {
    const link = attachBpfProgram(program);
    return { [Symbol.dispose]: () => close(link) };
  } finally {
    close(program);
  }
}

/**
 * Load a program that is asked whenever any process reads or writes a file below /proc/sys (Linux 5.2), until it is disposed
 * of, or this process ends in any way. With 1 it says that this may be.
 *
 * @throws as {@link attachTracingProgram}.
 */
export function attachSysctlProgram(name: string, instructions: Uint8Array): Disposable {
  const link = linkToAllProcesses({ type: SYSCTL, name, instructions, attachType: SYSCTL_HOOK });
  return { [Symbol.dispose]: () => close(link) };
}

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
    const key = new Uint8Array(4);
    new DataView(key.buffer).setUint32(0, number, true);
    updateBpfElement(this.descriptor, key, Uint8Array.of(1, 0, 0, 0));
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

/**
 * Run a classifier once on a frame that we made, in the network namespace that this thread is in. With
 * `bpf_clone_redirect` it can let the frame arrive at an interface as if the wire had brought it.
 *
 * @throws SystemCallError when the kernel refuses.
 */
export function runClassifier(instructions: Uint8Array, frame: Uint8Array): void {
  const program = loadBpfProgram({ type: CLASSIFIER, name: 'fl_arrival', instructions });
  try {
    runBpfProgram(program, frame);
  } finally {
    closeAll([program]);
  }
}
