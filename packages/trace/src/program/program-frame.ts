import {
  add,
  addValue,
  call,
  callFunction,
  type Item,
  jump,
  jumpDifferent,
  jumpEqual,
  label,
  load,
  move,
  type Register,
  set,
} from '@fairlead/kernel/tracing';
import { recordField, recordLength } from './event-record.ts';
import type { KernelLayout, TracepointName } from './kernel-layout.ts';

/** Helpers (enum bpf_func_id). */
export const helper = {
  lookUp: 1,
  update: 2,
  remove: 3,
  now: 5,
  readKernel: 113,
  ringOutput: 130,
  format: 165,
} as const;

/**
 * What holds what. `header` and `tag` are only wanted until it is known whether the packet is of interest, `device` and
 * `namespace` afterwards.
 */
export const held = {
  context: 6,
  packet: 7,
  header: 8,
  device: 8,
  tag: 9,
  namespace: 9,
  stack: 10,
} as const satisfies Record<string, Register>;

/** The record is made at the end of the stack, with room for one argument below it. */
export const FRAME = -recordLength;
/** Where that argument is. */
export const ARGUMENT = FRAME - 8;
/** Where the copy of the packet's beginning is. */
export const COPY = FRAME + recordField.packet.at;

/** Where bytes lie: so many behind what a register points to. */
export interface Place {
  readonly base: Register;
  readonly offset: number;
}

/**
 * Where the IP header lies, for {@link copyHeader}. Its offset is only set once the packet was looked at: on reception it is
 * where the data begin.
 */
export function findHeader({ packet: at }: KernelLayout, tracepoint: TracepointName): Item[] {
  const { packet, header } = held;
  const fromHeader: Item[] = [
    load(2, 2, packet, at.networkHeader),
    jumpEqual(2, 0, 'from data'),
    jumpEqual(2, 0xffff, 'from data'),
    load(8, header, packet, at.head),
    add(header, 2),
    jump('header'),
  ];
  return [
    ...(tracepoint === 'netif_receive_skb' ? [] : fromHeader),
    label('from data'),
    load(8, header, packet, at.data),
    label('header'),
  ];
}

/**
 * Have the packet's bytes from the IP header on, so many of them, where the answer says: in the packet itself where this kernel
 * lets programs look there, for a copy takes longer than all else of a program; in a copy elsewhere.
 */
export function viewHeader({ view }: KernelLayout, length: number): { readonly items: Item[]; readonly at: Place } {
  if (view === undefined) return { items: copyHeader(length), at: { base: held.stack, offset: COPY } };
  // What does not lie there reads as zeros (BPF_PROBE_MEM).
  const items = [move(1, held.header), set(2, view.bytes), callFunction(view.cast)];
  return { items, at: { base: 0, offset: 0 } };
}

/** Copy so many bytes of the packet, from the IP header on, or leave. */
export function copyHeader(length: number): Item[] {
  return [
    move(1, held.stack),
    addValue(1, COPY),
    set(2, length),
    move(3, held.header),
    call(helper.readKernel),
    jumpDifferent(0, 0, 'out'),
  ];
}
