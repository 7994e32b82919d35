import { addressOfBuffer, bpf, close } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';

/** Number of bpf(2) on the platforms that we run on (asm/unistd_64.h, asm-generic/unistd.h). */
const systemCallNumber: Partial<Record<NodeJS.Architecture, number>> = { x64: 321, arm64: 280, riscv64: 280 };
/** enum bpf_cmd (include/uapi/linux/bpf.h). */
const command = {
  createMap: 0,
  updateElement: 2,
  loadProgram: 5,
  testRun: 10,
  openProgram: 13,
  describe: 15,
  listAttached: 16,
  openRawTracepoint: 17,
  freezeMap: 22,
  updateElements: 26,
  deleteElements: 27,
  createLink: 28,
} as const;
/** Bytes of union bpf_attr that we fill; the kernel takes the rest for zeros. */
const ATTRIBUTE_BYTES = 152;
const NAME_BYTES = 15;
const LOG_BYTES = 64 * 1024;
/** As libbpf has it. */
const LOAD_ATTEMPTS = 5;
const encoder = new TextEncoder();
/** The helpers that read the kernel's memory are only for programs under its own licence. */
const licence = encoder.encode('GPL\0');

/** A map to be made. */
export interface BpfMapRequest {
  /** enum bpf_map_type. */
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly entries: number;
  /** BPF_F_*. */
  readonly flags?: number;
}

/** A program to be loaded. */
export interface BpfProgramRequest {
  /** enum bpf_prog_type. */
  readonly type: number;
  /** At most 15 letters, digits and underscores; bpftool(8) shows it. */
  readonly name: string;
  /** Instructions of eight bytes each. */
  readonly instructions: Uint8Array;
  /** enum bpf_attach_type. */
  readonly attachType?: number;
  /** Number of the type, in the kernel's type information, that the program is called as. */
  readonly attachTypeId?: number;
}

/** BPF_MAP_CREATE: the descriptor of a map, which lives for as long as somebody holds it. */
export function createBpfMap({ type, keySize, valueSize, entries, flags = 0 }: BpfMapRequest): number {
  return call(command.createMap, (view) => {
    [type, keySize, valueSize, entries, flags].forEach((value, index) => view.setUint32(index * 4, value, true));
  });
}

/** BPF_MAP_UPDATE_ELEM. */
export function updateBpfElement(map: number, key: Uint8Array, value: Uint8Array): void {
  call(command.updateElement, (view) => {
    view.setUint32(0, map, true);
    view.setBigUint64(8, addressOfBuffer(key), true);
    view.setBigUint64(16, addressOfBuffer(value), true);
  });
}

/**
 * BPF_MAP_UPDATE_BATCH: give many keys of one length the same value; all, or none of them when it throws. For a trie since
 * Linux 5.13.
 *
 * @param keys none of them in the map before.
 */
export function addBpfElements(map: number, keys: readonly Uint8Array[], value: Uint8Array): void {
  const values = new Uint8Array(keys.length * value.length);
  for (const at of keys.keys()) values.set(value, at * value.length);
  const batch = batchOf(map, keys);
  try {
    call(command.updateElements, (view) => {
      batch.describe(view);
      view.setBigUint64(24, addressOfBuffer(values), true);
    });
  } catch (error) {
    deleteBpfElements(map, keys.slice(0, batch.done()));
    throw error;
  }
}

/** BPF_MAP_DELETE_BATCH: all of these keys are in the map. */
export function deleteBpfElements(map: number, keys: readonly Uint8Array[]): void {
  call(command.deleteElements, batchOf(map, keys).describe);
}

/** How many of the keys something was done to is written where their number was. */
function batchOf(map: number, keys: readonly Uint8Array[]) {
  const joined = Buffer.concat(keys);
  let attributes: DataView | undefined;
  return {
    describe(view: DataView): void {
      attributes = view;
      view.setBigUint64(16, addressOfBuffer(joined), true);
      view.setUint32(32, keys.length, true);
      view.setUint32(36, map, true);
    },
    done: () => attributes?.getUint32(32, true) ?? 0,
  };
}

/** BPF_MAP_FREEZE: what is in it stays, so that the verifier may rely on it. */
export function freezeBpfMap(map: number): void {
  call(command.freezeMap, (view) => view.setUint32(0, map, true));
}

/**
 * BPF_PROG_LOAD: the descriptor of a program.
 *
 * @throws SystemCallError with the end of what the verifier said.
 */
export function loadBpfProgram(request: BpfProgramRequest): number {
  const log = new Uint8Array(LOG_BYTES);
  try {
    return loadUninterrupted((view) => describeProgram(view, request));
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    // Again with a log, which costs too much to ask for when all is well.
    const explain = (view: DataView): void => {
      describeProgram(view, request);
      view.setUint32(24, 1, true);
      view.setUint32(28, log.length, true);
      view.setBigUint64(32, addressOfBuffer(log), true);
    };
    try {
      return call(command.loadProgram, explain);
    } catch {
      throw new SystemCallError(`load program ${request.name} (${endOf(log)})`, error.errno);
    }
  }
}

/** A signal ends the verifier's work, whatever it is for. */
function loadUninterrupted(fill: (attributes: DataView) => void): number {
  for (let attempt = 1; ; attempt++) {
    try {
      return call(command.loadProgram, fill);
    } catch (error) {
      if (!(error instanceof SystemCallError) || error.errno !== 'EAGAIN' || attempt === LOAD_ATTEMPTS) throw error;
    }
  }
}

function describeProgram(view: DataView, request: BpfProgramRequest): void {
  view.setUint32(0, request.type, true);
  view.setUint32(4, request.instructions.length / 8, true);
  view.setBigUint64(8, addressOfBuffer(request.instructions), true);
  view.setBigUint64(16, addressOfBuffer(licence), true);
  new Uint8Array(view.buffer).set(encoder.encode(request.name.slice(0, NAME_BYTES)), 48);
  view.setUint32(68, request.attachType ?? 0, true);
  view.setUint32(108, request.attachTypeId ?? 0, true);
}

/** BPF_RAW_TRACEPOINT_OPEN: the program runs for as long as the descriptor is open. */
export function attachBpfProgram(program: number): number {
  return call(command.openRawTracepoint, (view) => view.setUint32(8, program, true));
}

/** BPF_LINK_CREATE: the program is part of what `target` stands for while the descriptor is open. */
export function linkBpfProgram(program: number, target: number, attachType: number): number {
  return call(command.createLink, (view) => {
    [program, target, attachType].forEach((value, index) => view.setUint32(index * 4, value, true));
  });
}

/**
 * BPF_PROG_TEST_RUN: run a program once, here and now, on a packet of one's own, in this thread's network namespace.
 *
 * @returns what the program returned.
 */
export function runBpfProgram(program: number, packet: Uint8Array): number {
  let attributes: DataView | undefined;
  call(command.testRun, (view) => {
    attributes = view;
    view.setUint32(0, program, true);
    view.setUint32(8, packet.length, true);
    view.setBigUint64(16, addressOfBuffer(packet), true);
    view.setUint32(32, 1, true);
  });
  return attributes?.getUint32(4, true) ?? 0;
}

/** BPF_PROG_GET_FD_BY_ID: a descriptor of a program that anybody has loaded. */
export function openBpfProgram(id: number): number {
  return call(command.openProgram, (view) => view.setUint32(0, id, true));
}

/** Bytes of struct bpf_prog_info that we read, and where the program's name is in it. */
const INFORMATION_BYTES = 80;
const NAME_AT = 64;

/** BPF_OBJ_GET_INFO_BY_FD: the name that a program was given, which may be none. */
export function nameOfBpfProgram(program: number): string {
  const information = new Uint8Array(INFORMATION_BYTES);
  call(command.describe, (view) => {
    view.setUint32(0, program, true);
    view.setUint32(4, information.length, true);
    view.setBigUint64(8, addressOfBuffer(information), true);
  });
  const name = information.subarray(NAME_AT);
  return new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
}

/** Programs at one hook of a control group that are listed: the kernel takes no more (BPF_CGROUP_MAX_PROGS). */
const ATTACHED = 64;

/** BPF_PROG_QUERY: numbers of the programs that are attached to `target` itself, not to what is above it. */
export function listAttachedPrograms(target: number, attachType: number): number[] {
  const ids = new Uint8Array(ATTACHED * 4);
  let attributes: DataView | undefined;
  call(command.listAttached, (view) => {
    attributes = view;
    view.setUint32(0, target, true);
    view.setUint32(4, attachType, true);
    view.setBigUint64(16, addressOfBuffer(ids), true);
    view.setUint32(24, ATTACHED, true);
  });
  const count = attributes?.getUint32(24, true) ?? 0;
  const view = new DataView(ids.buffer);
  return Array.from({ length: count }, (_, index) => view.getUint32(index * 4, true));
}

function call(which: number, fill: (attributes: DataView) => void): number {
  const number = systemCallNumber[process.arch];
  if (number === undefined) throw new SystemCallError('bpf', 'ENOSYS');
  const attributes = new Uint8Array(ATTRIBUTE_BYTES);
  fill(new DataView(attributes.buffer));
  return bpf(number, which, attributes, attributes.length);
}

function endOf(log: Uint8Array): string {
  const text = new TextDecoder().decode(log.subarray(0, Math.max(0, log.indexOf(0))));
  return text.trim().split('\n').slice(-4).join(' | ');
}

/** Close descriptors; the kernel frees what they stood for when nobody else holds it. */
export function closeAll(descriptors: readonly number[]): void {
  for (const descriptor of descriptors) close(descriptor);
}
