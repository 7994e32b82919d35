import { andValue, type Item, jump, jumpAnyBit, jumpDifferent, jumpEqual, label, load } from '@fairlead/kernel/tracing';
import type { Place } from './program-frame.ts';

const TCP = 6;
/** SYN and RST. */
const HANDSHAKE_FLAGS = 0x06;
/** Where the protocol and TCP's flags are behind an IP header without options. */
const plain = {
  4: { protocol: 9, flags: 33 },
  6: { protocol: 6, flags: 53 },
} as const;
/** Version and length of such a header; of IPv6 the version alone. */
const FIRST_BYTE = { 4: 0x45, 6: 0x60 } as const;

/** Bytes of a packet that {@link leaveWithOthersTraffic} looks at. */
export const PASSING_LENGTH = 56;

/**
 * Out with a TCP segment that neither opens nor refuses a connection, which is most of what passes: a probe is a SYN, and
 * its answer a SYN or a RST. What is not sure to be such a segment goes on.
 *
 * @param place where its bytes are, from the IP header on.
 */
export function leaveWithOthersTraffic({ base, offset }: Place): Item[] {
  const look = ({ protocol, flags }: (typeof plain)[4 | 6]): Item[] => [
    load(1, 1, base, offset + protocol),
    jumpDifferent(1, TCP, 'other'),
    load(1, 1, base, offset + flags),
    jumpAnyBit(1, HANDSHAKE_FLAGS, 'other'),
    jump('out'),
  ];
  return [
    load(1, 1, base, offset),
    jumpEqual(1, FIRST_BYTE[4], 'plain 4'),
    // Of IPv6 the other half of the first byte is the traffic class.
    andValue(1, 0xf0),
    jumpDifferent(1, FIRST_BYTE[6], 'other'),
    ...look(plain[6]),
    label('plain 4'),
    ...look(plain[4]),
    label('other'),
  ];
}
