import { type PortProtocol, parsePortRange } from '@fairlead/base';
import type { Change } from '@fairlead/netlink';
import type { PortMapping } from './model.ts';

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
  const former = portsOf(before, protocol);
  const ports = [...portsOf(after, protocol)].filter((port) => !former.has(port));
  return ports.length > LIMIT ? [] : ports;
}

/** UDP ports of the host for which others may ask than before: their flows have to be judged anew. */
export function newlyJudged(changes: readonly Change[]): number[] {
  const ports = changes.flatMap(({ object }) => {
    if (object.kind !== 'element' || !/^(limited|from|via)[46]$/.test(object.set)) return [];
    const [protocol, text = ''] = object.key.slice(-2);
    const range = protocol === 'udp' ? parsePortRange(text) : undefined;
    return range === undefined ? [] : Array.from({ length: range.last - range.first + 1 }, (_, at) => range.first + at);
  });
  const different = [...new Set(ports)];
  return different.length > LIMIT ? [] : different;
}

function portsOf(mappings: readonly PortMapping[], protocol: PortProtocol): Set<number> {
  return new Set(
    mappings
      .filter((mapping) => mapping.protocol === protocol)
      .flatMap(({ hostPorts: { first, last } }) =>
        Array.from({ length: last - first + 1 }, (_, offset) => first + offset),
      ),
  );
}
