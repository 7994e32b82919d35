import {
  addValue,
  assemble,
  call,
  exit,
  type Item,
  jump,
  jumpEqual,
  jumpEqual32,
  label,
  load,
  move,
  type Register,
  set,
} from '@fairlead/kernel/tracing';
import type { KernelLayout } from './kernel-layout.ts';
import { sysctlField, sysctlRecordLength } from './sysctl-record.ts';
import { type Field, taskRecord } from './task-record.ts';

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

/** Helpers (enum bpf_func_id): `bpf_sysctl_get_*`. */
const helper = { name: 101, before: 102, after: 103 } as const;
/** What holds what for the whole of the program. */
const context: Register = 6;
const task: Register = 7;
const stack: Register = 10;
/** `write` of struct bpf_sysctl. */
const WRITE = 0;
/** `net/`, as a load on this machine has it. */
const NET = 0x2f74_656e;

/**
 * The instructions that write a record of each setting of a namespace's network that a process other than ourselves writes.
 * They let everything pass.
 */
export function sysctlProgram({ layout, namespace, ownProcess, ring }: SysctlProgramRequest): Uint8Array {
  const record = taskRecord({ layout, length: sysctlRecordLength, task, otherwise: 'pass' });
  /** What is longer than the field is cut off. */
  const ask = (which: number, { at, length }: Field, more: Item[] = []): Item[] => [
    move(1, context),
    move(2, stack),
    addValue(2, record.frame + at),
    set(3, length),
    ...more,
    call(which),
  ];
  return assemble([
    move(context, 1),
    load(4, 1, context, WRITE),
    jumpEqual(1, 0, 'pass'),
    ...record.clear,
    ...ask(helper.name, sysctlField.name, [set(4, 0)]),
    load(4, 1, stack, record.frame + sysctlField.name.at),
    jumpEqual32(1, NET, 'of the network'),
    jump('pass'),
    label('of the network'),
    ...record.begin,
    ...record.onlyIn(namespace),
    ...record.describe(sysctlField),
    load(4, 1, stack, record.frame + sysctlField.processId.at),
    jumpEqual32(1, ownProcess, 'pass'),
    ...ask(helper.before, sysctlField.before),
    ...ask(helper.after, sysctlField.after),
    ...record.write(ring),
    label('pass'),
    set(0, 1),
    exit(),
  ]);
}
