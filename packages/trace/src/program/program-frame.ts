import {
  add,
  addValue,
  call,
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
