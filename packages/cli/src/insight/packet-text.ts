import { endText, icmpText, type ReadPacket, readPacketHeader } from '@fairlead/trace/pcapng';

const protocols: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp', 132: 'sctp' };

/** A packet in one line: when, where, which way, from whom to whom, what, how long. */
export function packetText({ interface: name, time, packet, length, direction }: ReadPacket): string {
  const milliseconds = time / 1_000_000n;
  const clock = new Date(Number(milliseconds)).toTimeString().slice(0, 8);
  const fraction = String((time / 1000n) % 1_000_000n).padStart(6, '0');
  const way = direction === undefined ? '  ' : direction.padEnd(3);
  const header = readPacketHeader(packet);
  const start = `${clock}.${fraction}  ${name} ${way}`;
  if (header === undefined) return `${start} not IP  ${length} bytes`;
  const protocol = protocols[header.protocol] ?? `protocol ${header.protocol}`;
  const says = icmpText(header) ?? header.flags?.join(' ');
  const ends = `${endText(header, 'source')} → ${endText(header, 'destination')}`;
  return `${start} ${ends} ${protocol}${says === undefined ? '' : ` ${says}`}  ${length} bytes`;
}
