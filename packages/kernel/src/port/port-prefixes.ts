import type { PortRange } from '@fairlead/base';

/** Ports that have their first bits in common. */
export interface PortPrefix {
  readonly port: number;
  /** How many of the 16 bits count. */
  readonly bits: number;
}

const PORT_BITS = 16;

/**
 * The fewest prefixes that make up a range: 30 at most, however many ports it has.
 *
 * @example
 * portPrefixes({ first: 8080, last: 8089 }); // 8080/13, 8088/15
 */
export function portPrefixes({ first, last }: PortRange): PortPrefix[] {
  const prefixes: PortPrefix[] = [];
  for (let port = first; port <= last; ) {
    let size = 1;
    while (port % (size * 2) === 0 && port + size * 2 - 1 <= last) size *= 2;
    prefixes.push({ port, bits: PORT_BITS - Math.log2(size) });
    port += size;
  }
  return prefixes;
}
