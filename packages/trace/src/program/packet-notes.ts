import {
  addValue,
  call,
  type Item,
  jumpEqual,
  jumpSame32,
  load,
  loadMap,
  move,
  set,
  store,
} from '@fairlead/kernel/tracing';
import { recordField } from './event-record.ts';
import { ARGUMENT, FRAME, held, helper } from './program-frame.ts';

/**
 * To `known` with a packet that was noted for the tag that is looked for, else out: what a tunnel makes of a packet has the
 * same address in the kernel, also where nobody can read it any more. What was noted for another tag is long gone.
 */
export function lookUpPacket(notes: number): Item[] {
  return [
    ...addressOfPacket(),
    ...loadMap(1, notes),
    call(helper.lookUp),
    jumpEqual(0, 0, 'out'),
    load(4, 1, 0, 0),
    jumpSame32(1, held.tag, 'known'),
  ];
}

/** Note the packet for the tag. */
export function notePacket(notes: number): Item[] {
  return [
    ...addressOfPacket(),
    store(8, held.stack, ARGUMENT, held.tag),
    ...loadMap(1, notes),
    move(3, held.stack),
    addValue(3, ARGUMENT),
    set(4, 0),
    call(helper.update),
  ];
}

/** Where a packet ends, its address is free for another one. */
export function forgetPacket(notes: number): Item[] {
  return [...addressOfPacket(), ...loadMap(1, notes), call(helper.remove)];
}

function addressOfPacket(): Item[] {
  const { stack, packet } = held;
  const at = FRAME + recordField.packetAddress.at;
  return [store(8, stack, at, packet), move(2, stack), addValue(2, at)];
}
