/**
 * Reading captures again, without anything that captures: for commands.
 *
 * @module
 */

export { PcapngReader, type ReadPacket } from './capture/pcapng-reader.ts';
export { endText, icmpText } from './model/hops.ts';
export { type PacketHeader, readPacketHeader } from './packet/packet-header.ts';
