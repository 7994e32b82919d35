import { type ClassicInstruction, classicOpcode, type Family, wholePacket } from '@fairlead/base';
import { ETHERNET_HEADER, ICMPV6 } from '@fairlead/base/frame';
import { NEIGHBOR_ADVERTISEMENT } from '@fairlead/base/neighbor-frame';

/** Frames that may be answers: for a socket that gets those of the family's Ethernet type only. */
export function answerFilter(family: Family): ClassicInstruction[] {
  const instruction = (code: number, k: number, jf = 0): ClassicInstruction => ({ code, jt: 0, jf, k });
  const take = instruction(classicOpcode.return, wholePacket);
  if (family === 4) return [take];
  return [
    instruction(classicOpcode.loadByte, ETHERNET_HEADER + 6),
    instruction(classicOpcode.ifEqual, ICMPV6, 3),
    instruction(classicOpcode.loadByte, ETHERNET_HEADER + 40),
    instruction(classicOpcode.ifEqual, NEIGHBOR_ADVERTISEMENT, 1),
    take,
    instruction(classicOpcode.return, 0),
  ];
}
