import {
  formatPortRange,
  type PortProtocol,
  type PortRange,
  parsePortRange,
  portsIn,
  sizeOfRange,
  withoutRange,
} from '@fairlead/base';
import type { Change } from '@fairlead/netlink';
import type { PortMapping } from './port-model.ts';

/** A search through all tracked connections for each of more ports than this would take longer than the old ones last. */
const LIMIT = 64;

/**
 * Host ports of a protocol that are published now and were not before; none when they are very many, for a tracked
 * datagram flow that nobody answers is forgotten within 30 s (nf_conntrack_udp_timeout) if it pauses that long.
 */
export function newlyOpen(
  before: readonly PortMapping[],
  after: readonly PortMapping[],
  protocol: PortProtocol,
): number[] {
  if (before === after) return [];
  const former = rangesOf(before, protocol);
  const opened = [...rangesOf(after, protocol)].filter(([text]) => !former.has(text));
  if (opened.length > LIMIT) return [];
  const without = (ranges: readonly PortRange[], closed: PortRange) =>
    ranges.flatMap((range) => withoutRange(range, closed));
  return portsOf(opened.flatMap(([, range]) => [...former.values()].reduce<PortRange[]>(without, [range])));
}

/** UDP ports of the host for which others may ask than before: their flows have to be judged anew. */
export function newlyJudged(changes: readonly Change[]): number[] {
  const ports = changes.flatMap(({ object }) => {
    if (object.kind !== 'element' || !/^(limited|from|via)[46]$/.test(object.set)) return [];
    const [protocol, text = ''] = object.key.slice(-2);
    return (protocol === 'udp' ? parsePortRange(text) : undefined) ?? [];
  });
  return portsOf(ports);
}

function rangesOf(mappings: readonly PortMapping[], protocol: PortProtocol): Map<string, PortRange> {
  const own = mappings.filter((mapping) => mapping.protocol === protocol);
  return new Map(own.map(({ hostPorts }) => [formatPortRange(hostPorts), hostPorts]));
}

/** Each port once, or none of too many. */
function portsOf(ranges: readonly PortRange[]): number[] {
  if (ranges.some((range) => sizeOfRange(range) > LIMIT)) return [];
  const ports = new Set(ranges.flatMap(portsIn));
  return ports.size > LIMIT ? [] : [...ports];
}
