import {
  addValue,
  assemble,
  call,
  exit,
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
import { sysctlField, sysctlRecordLength } from './sysctl-record.ts';

/** What the program that tells of settings is made from. */
export interface SysctlProgramRequest {
  readonly layout: Pick<KernelLayout, 'task' | 'network' | 'namespaceNumber'>;
  /** The network namespace that is of interest. */
  readonly namespace: number;
  /** The process that is not: ourselves. */
  readonly ownProcess: number;
  /** Descriptor of the ring that records go to. */
  readonly ring: number;
}

/** Helpers (enum bpf_func_id). */
const helper = { currentTask: 35, name: 101, before: 102, after: 103, readKernel: 113, ringOutput: 130 } as const;
/** What holds what for the whole of the program. */
const context: Register = 6;
const task: Register = 7;
const stack: Register = 10;
/** The record is made at the end of the stack, with room for a pointer below it. */
const FRAME = -sysctlRecordLength;
const POINTER = FRAME - 8;
/** `write` of struct bpf_sysctl. */
const WRITE = 0;
/** `net/`, as a load on this machine has it. */
const NET = 0x2f74_656e;

/**
 * The instructions that write a record of each setting of a namespace's network that a process other than ourselves writes.
 * They let everything pass.
 */
export function sysctlProgram({ layout, namespace, ownProcess, ring }: SysctlProgramRequest): Uint8Array {
  return assemble([
    move(context, 1),
    load(4, 1, context, WRITE),
    jumpEqual(1, 0, 'pass'),
    ...clearRecord(),
    ...ask(helper.name, sysctlField.name, [set(4, 0)]),
    load(4, 1, stack, FRAME + sysctlField.name.at),
    jumpEqual32(1, NET, 'of the network'),
    jump('pass'),
    label('of the network'),
    call(helper.currentTask),
    move(task, 0),
    ...follow(task, layout.task.namespaces),
    ...follow(3, layout.network),
    addValue(3, layout.namespaceNumber),
    ...read(POINTER, 4),
    load(4, 1, stack, POINTER),
    jumpEqual32(1, namespace, 'here'),
    jump('pass'),
    label('here'),
    ...readOfTask(layout.task.processId, sysctlField.processId),
    load(4, 1, stack, FRAME + sysctlField.processId.at),
    jumpEqual32(1, ownProcess, 'pass'),
    ...readOfTask(layout.task.program, sysctlField.program),
    ...ask(helper.before, sysctlField.before),
    ...ask(helper.after, sysctlField.after),
    ...output(ring),
    label('pass'),
    set(0, 1),
    exit(),
  ]);
}

/** The verifier wants the stack written before it is handed over. */
function clearRecord(): Item[] {
  return Array.from({ length: sysctlRecordLength / 8 + 1 }, (_, index) => storeValue(8, stack, POINTER + index * 8, 0));
}

/** The pointer that stands some bytes behind another one, in register 3. */
function follow(from: Register, offset: number): Item[] {
  return [move(3, from), addValue(3, offset), ...read(POINTER, 8), load(8, 3, stack, POINTER), jumpEqual(3, 0, 'pass')];
}

function readOfTask(offset: number, { at, length }: { readonly at: number; readonly length: number }): Item[] {
  return [move(3, task), addValue(3, offset), ...read(FRAME + at, length)];
}

/** `bpf_probe_read_kernel` from register 3 onto the stack. */
function read(place: number, length: number): Item[] {
  return [move(1, stack), addValue(1, place), set(2, length), call(helper.readKernel), jumpDifferent(0, 0, 'pass')];
}

/** `bpf_sysctl_get_*`: what is longer than the field is cut off. */
function ask(
  which: number,
  { at, length }: { readonly at: number; readonly length: number },
  more: Item[] = [],
): Item[] {
  return [move(1, context), move(2, stack), addValue(2, FRAME + at), set(3, length), ...more, call(which)];
}

/** Write the record. */
function output(ring: number): Item[] {
  return [
    ...loadMap(1, ring),
    move(2, stack),
    addValue(2, FRAME),
    set(3, sysctlRecordLength),
    set(4, 0),
    call(helper.ringOutput),
  ];
}
