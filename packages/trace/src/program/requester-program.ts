import {
  addValue,
  assemble,
  call,
  exit,
  jumpDifferent,
  label,
  move,
  type Register,
  set,
} from '@fairlead/kernel/tracing';
import type { KernelLayout } from './kernel-layout.ts';
import { requesterField, requesterRecordLength } from './requester-record.ts';
import { taskRecord } from './task-record.ts';

/** What the program that tells in whose name notifications are sent is made from. */
export interface RequesterProgramRequest {
  readonly layout: Pick<KernelLayout, 'task' | 'network' | 'namespaceNumber'>;
  /** Descriptor of the ring that records go to. */
  readonly ring: number;
}

/** `bpf_skb_load_bytes` (enum bpf_func_id). */
const LOAD_BYTES = 26;
const context: Register = 6;
const task: Register = 7;
const stack: Register = 10;
/** More than any notification has. */
const ALL = 0x7fff_ffff;

/**
 * The instructions by which a socket of ours notes in whose name each notification is sent to it: the kernel sends them while
 * it does what it was asked for, so that is whoever has asked (net/netlink/af_netlink.c, do_one_broadcast). All are kept.
 */
export function requesterProgram({ layout, ring }: RequesterProgramRequest): Uint8Array {
  const record = taskRecord({ layout, length: requesterRecordLength, task, otherwise: 'keep' });
  const { at, length } = requesterField.beginning;
  return assemble([
    move(context, 1),
    ...record.clear,
    move(1, context),
    set(2, 0),
    move(3, stack),
    addValue(3, record.frame + at),
    set(4, length),
    call(LOAD_BYTES),
    jumpDifferent(0, 0, 'keep'),
    ...record.begin,
    ...record.describe(requesterField),
    ...record.write(ring, false),
    label('keep'),
    set(0, ALL),
    exit(),
  ]);
}
