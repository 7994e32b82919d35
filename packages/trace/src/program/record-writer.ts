import {
  addValue,
  call,
  type Item,
  jump,
  jumpEqual,
  label,
  load,
  loadMap,
  loadMapValue,
  move,
  set,
  store,
  storeValue,
  type Width,
} from '@fairlead/kernel/tracing';
import { recordField, recordLength } from './event-record.ts';
import { type KernelLayout, type TracepointName, tracepoints } from './kernel-layout.ts';
import { ARGUMENT, FRAME, held, helper } from './program-frame.ts';

const { stack, packet, context, device, namespace } = held;

/** What a record is made from. */
export interface RecordRequest {
  readonly tracepoint: TracepointName;
  readonly layout: KernelLayout;
  /** Descriptor of the text `%ps`, with which the kernel names the function behind an address (Linux 5.13). */
  readonly symbolFormat?: number;
}

/** The verifier wants the stack written before it is handed over: all of the record but the copy of the packet. */
export function clearRecord(): Item[] {
  const { at, length } = recordField.packet;
  const places = Array.from({ length: recordLength / 8 }, (_, index) => index * 8);
  const isCopy = (place: number) => place >= at && place < at + length;
  return places.filter((place) => !isCopy(place)).map((place) => storeValue(8, stack, FRAME + place, 0));
}

/** When, where in the kernel's code and why; what the kernel says of the packet. */
export function describeEvent({ tracepoint, layout, symbolFormat }: RecordRequest): Item[] {
  const point = layout.tracepoints[tracepoint];
  const argument = (index: number | undefined, width: Width, at: number): Item[] =>
    index === undefined ? [] : [load(8, 1, context, index * 8), store(width, stack, FRAME + at, 1)];
  return [
    call(helper.now),
    store(8, stack, FRAME + recordField.time.at, 0),
    store(8, stack, FRAME + recordField.packetAddress.at, packet),
    storeValue(4, stack, FRAME + recordField.tracepoint.at, tracepoints.indexOf(tracepoint)),
    ...argument(point?.reason, 4, recordField.reason.at),
    ...argument(point?.location, 8, recordField.location.at),
    ...(point?.location === undefined || symbolFormat === undefined ? [] : nameFunction(point.location, symbolFormat)),
    load(4, 1, packet, layout.packet.mark),
    store(4, stack, FRAME + recordField.mark.at, 1),
    load(4, 1, packet, layout.packet.length),
    store(4, stack, FRAME + recordField.length.at, 1),
  ];
}

/** `bpf_snprintf`: the kernel knows its functions best. */
function nameFunction(location: number, symbolFormat: number): Item[] {
  return [
    load(8, 1, context, location * 8),
    store(8, stack, ARGUMENT, 1),
    move(1, stack),
    addValue(1, FRAME + recordField.function.at),
    set(2, recordField.function.length),
    ...loadMapValue(3, symbolFormat),
    move(4, stack),
    addValue(4, ARGUMENT),
    set(5, 8),
    call(helper.format),
  ];
}

/**
 * The interface and the namespace; to `write` where there is none. A packet that has just been made has no interface yet:
 * then its socket says where it is.
 */
export function describeDevice({ packet: at, device: own, socketNamespace, namespaceNumber }: KernelLayout): Item[] {
  return [
    load(8, device, packet, at.device),
    jumpEqual(device, 0, 'no device'),
    load(4, 1, device, own.index),
    store(4, stack, FRAME + recordField.deviceIndex.at, 1),
    ...readName(own.name),
    load(8, namespace, device, own.namespace),
    jump('namespace'),
    label('no device'),
    load(8, device, packet, at.socket),
    jumpEqual(device, 0, 'write'),
    load(8, namespace, device, socketNamespace),
    label('namespace'),
    jumpEqual(namespace, 0, 'write'),
    load(4, 1, namespace, namespaceNumber),
    store(4, stack, FRAME + recordField.namespace.at, 1),
  ];
}

function readName(offset: number): Item[] {
  const { at, length } = recordField.deviceName;
  return [
    move(1, stack),
    addValue(1, FRAME + at),
    set(2, length),
    move(3, device),
    addValue(3, offset),
    call(helper.readKernel),
  ];
}

/** Write the record. */
export function writeRecord(ring: number): Item[] {
  return [
    ...loadMap(1, ring),
    move(2, stack),
    addValue(2, FRAME),
    set(3, recordLength),
    set(4, 0),
    call(helper.ringOutput),
  ];
}
