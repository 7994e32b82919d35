import type { IpAddress } from '@fairlead/base';
import type { Flow, FlowTuple } from '@fairlead/netlink';
import type { FlowReport } from './flow-report.ts';

/** Names of IP protocol numbers, as `/etc/protocols` has them. */
const protocols: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp', 132: 'sctp' };

/** Name of an IP protocol; `protocol 89` for one that has none here. */
export function protocolName(protocol: number): string {
  return protocols[protocol] ?? `protocol ${protocol}`;
}

/** The same text for packets of the same flow and direction. */
export function keyOf({ protocol, source, sourcePort, destination, destinationPort, echo }: FlowTuple): string {
  return `${protocol} ${source} ${sourcePort ?? echo?.identifier ?? ''} ${destination} ${destinationPort ?? ''}`;
}

/** The IP protocol number that a key begins with. */
export function protocolInKey(key: string): number {
  return Number.parseInt(key, 10);
}

/** The other direction. */
export function inverse({ source, destination, sourcePort, destinationPort, ...rest }: FlowTuple): FlowTuple {
  return {
    ...rest,
    source: destination,
    destination: source,
    ...(destinationPort !== undefined && { sourcePort: destinationPort }),
    ...(sourcePort !== undefined && { destinationPort: sourcePort }),
  };
}

/** What was asked and by whom, where address translation shows the ends something else. */
export function translationOf({ original, reply }: Flow): Pick<FlowReport, 'asked' | 'seenAs'> {
  const end = (address: IpAddress, port: number | undefined) => ({ address, ...(port !== undefined && { port }) });
  const isRedirected = original.destination !== reply.source || original.destinationPort !== reply.sourcePort;
  const isMasked = original.source !== reply.destination;
  return {
    ...(isRedirected && { asked: end(original.destination, original.destinationPort) }),
    ...(isMasked && { seenAs: end(reply.destination, reply.destinationPort) }),
  };
}
