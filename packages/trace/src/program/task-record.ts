import {
  addValue,
  call,
  type Item,
  jump,
  jumpDifferent,
  jumpEqual,
  jumpEqual32,
  label,
  load,
  loadMap,
  move,
  type Register,
  set,
  storeValue,
} from '@fairlead/kernel/tracing';
import type { KernelLayout } from './kernel-layout.ts';

/** Helpers (enum bpf_func_id). */
const helper = { currentTask: 35, readKernel: 113, ringOutput: 130 } as const;
const stack: Register = 10;
/** BPF_RB_NO_WAKEUP: whoever reads looks by himself. */
const SILENTLY = 1;

/** Where something is in a record, in bytes. */
export interface Field {
  readonly at: number;
  readonly length: number;
}

/** What a program's record of the process in whose name it runs is made with. */
export interface TaskRecordRequest {
  readonly layout: Pick<KernelLayout, 'task' | 'network' | 'namespaceNumber'>;
  /** Bytes of the record. */
  readonly length: number;
  /** Keeps the kernel's structure of the process. */
  readonly task: Register;
  /** Where to go with what is not to be told, or cannot be read. */
  readonly otherwise: string;
}

/** Pieces of a program that writes a record about the process in whose name it runs. */
export interface TaskRecord {
  /** The record is made at the end of the stack, with room for a pointer below it. */
  readonly frame: number;
  /** The verifier wants the stack written before it is handed over. */
  readonly clear: readonly Item[];
  /** Ask for the process. */
  readonly begin: readonly Item[];
  /** Otherwise with one in another network namespace. @param namespace its number. */
  onlyIn(namespace: number): Item[];
  /** Note its number and its name. */
  describe(places: { readonly processId: Field; readonly program: Field }): Item[];
  /** Write the record. @param wake false for a reader who looks by himself. */
  write(ring: number, wake?: boolean): Item[];
}

/** Pieces for a record of this length. */
export function taskRecord({ layout, length, task, otherwise }: TaskRecordRequest): TaskRecord {
  const frame = -length;
  const pointer = frame - 8;
  /** `bpf_probe_read_kernel` from register 3 onto the stack. */
  const read = (place: number, bytes: number): Item[] => [
    move(1, stack),
    addValue(1, place),
    set(2, bytes),
    call(helper.readKernel),
    jumpDifferent(0, 0, otherwise),
  ];
  /** The pointer that stands some bytes behind another one, in register 3. */
  const follow = (from: Register, offset: number): Item[] => [
    move(3, from),
    addValue(3, offset),
    ...read(pointer, 8),
    load(8, 3, stack, pointer),
    jumpEqual(3, 0, otherwise),
  ];
  const readOfTask = (offset: number, { at, length: bytes }: Field): Item[] => [
    move(3, task),
    addValue(3, offset),
    ...read(frame + at, bytes),
  ];
  return {
    frame,
    clear: Array.from({ length: length / 8 + 1 }, (_, index) => storeValue(8, stack, pointer + index * 8, 0)),
    begin: [call(helper.currentTask), move(task, 0)],
    onlyIn: (namespace) => [
      ...follow(task, layout.task.namespaces),
      ...follow(3, layout.network),
      addValue(3, layout.namespaceNumber),
      ...read(pointer, 4),
      load(4, 1, stack, pointer),
      jumpEqual32(1, namespace, 'here'),
      jump(otherwise),
      label('here'),
    ],
    describe: ({ processId, program }) => [
      ...readOfTask(layout.task.processId, processId),
      ...readOfTask(layout.task.program, program),
    ],
    write: (ring, wake = true) => [
      ...loadMap(1, ring),
      move(2, stack),
      addValue(2, frame),
      set(3, length),
      set(4, wake ? 0 : SILENTLY),
      call(helper.ringOutput),
    ],
  };
}
