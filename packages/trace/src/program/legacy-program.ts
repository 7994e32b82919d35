import {
  addValue,
  assemble,
  call,
  exit,
  type Item,
  jumpDifferent,
  jumpEqual32,
  label,
  load,
  loadMapValue,
  move,
  type Register,
  set,
  store,
} from '@fairlead/kernel/tracing';
import type { AllocationLayout, KernelLayout } from './kernel-layout.ts';
import { legacyField, legacyRecordLength } from './legacy-record.ts';
import { taskRecord } from './task-record.ts';

/** What the program that tells of tables of the older iptables is made from. */
export interface LegacyProgramRequest {
  readonly layout: Pick<KernelLayout, 'task' | 'network' | 'namespaceNumber'>;
  readonly allocation: AllocationLayout;
  /** The network namespace that is of interest. */
  readonly namespace: number;
  /** The process that is not: ourselves. */
  readonly ownProcess: number;
  /** Descriptor of the ring that records go to. */
  readonly ring: number;
  /** Descriptor of the text `%ps`. */
  readonly symbolFormat: number;
}

/** `bpf_snprintf` (enum bpf_func_id; Linux 5.13). */
const FORMAT = 165;
const context: Register = 6;
const task: Register = 7;
const stack: Register = 10;
/** Counters of rules come in blocks of so many bytes, at multiples of that (XT_PCPU_BLOCK_SIZE, net/netfilter/x_tables.c). */
const BLOCK = 4096;

/**
 * The instructions that write a record of who gives the kernel a table of the older iptables. It tells nobody of that, but the
 * counters of its rules are made in memory of each processor, which it does tell of, and which happens rarely.
 */
export function legacyProgram(request: LegacyProgramRequest): Uint8Array {
  const { layout, allocation, namespace, ownProcess, ring, symbolFormat } = request;
  const record = taskRecord({ layout, length: legacyRecordLength, task, otherwise: 'out' });
  const argument = (index: number): Item => load(8, 1, context, index * 8);
  return assemble([
    move(context, 1),
    argument(allocation.size),
    jumpDifferent(1, BLOCK, 'out'),
    argument(allocation.alignment),
    jumpDifferent(1, BLOCK, 'out'),
    ...record.clear,
    ...record.begin,
    ...record.onlyIn(namespace),
    ...record.describe(legacyField),
    load(4, 1, stack, record.frame + legacyField.processId.at),
    jumpEqual32(1, ownProcess, 'out'),
    ...nameFunction(allocation.location, record.frame, symbolFormat),
    ...record.write(ring),
    label('out'),
    set(0, 0),
    exit(),
  ]);
}

function nameFunction(location: number, frame: number, symbolFormat: number): Item[] {
  const pointer = frame - 8;
  return [
    load(8, 1, context, location * 8),
    store(8, stack, pointer, 1),
    move(1, stack),
    addValue(1, frame + legacyField.function.at),
    set(2, legacyField.function.length),
    ...loadMapValue(3, symbolFormat),
    move(4, stack),
    addValue(4, pointer),
    set(5, 8),
    call(FORMAT),
  ];
}
