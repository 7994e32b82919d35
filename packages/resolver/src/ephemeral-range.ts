import { readFileSync } from 'node:fs';
import type { PortProtocol, PortRange } from '@fairlead/base';

/** Docker's range where the kernel names none (IANA's dynamic ports). */
const fallback: PortRange = { first: 49153, last: 65535 };

/** The kernel's words about ports that are given out on demand. */
export interface PortSysctls {
  /** `net.ipv4.ip_local_port_range`: `32768\t60999`. */
  readonly localPortRange: string;
  /** `net.ipv4.ip_local_reserved_ports`: `8080,9000-9010`, or nothing. */
  readonly localReservedPorts: string;
}

/** Read from the namespace that this process was started in, anew each time: they may be changed while we run. */
export function readPortSysctls(): PortSysctls {
  return {
    localPortRange: readLocalPortRange(),
    localReservedPorts: readOr('/proc/sys/net/ipv4/ip_local_reserved_ports'),
  };
}

/** The first of {@link readPortSysctls} alone. */
export function readLocalPortRange(): string {
  return readOr('/proc/sys/net/ipv4/ip_local_port_range');
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** The ports that the kernel gives out by itself. */
export function localPortRange({ localPortRange }: Pick<PortSysctls, 'localPortRange'>): PortRange {
  return parseRange(localPortRange) ?? fallback;
}

/** Walks through the ports to try: next after the one used last, so that a port just released rests for a while. */
export class EphemeralPorts {
  readonly #last = new Map<PortProtocol, number>();

  /** All ports of the range in the order of trying. */
  *candidates(protocol: PortProtocol, sysctls: PortSysctls): Generator<number> {
    const { first, last } = localPortRange(sysctls);
    const reserved = sysctls.localReservedPorts.split(',').flatMap((text) => parseRange(text.replace('-', ' ')) ?? []);
    const previous = this.#last.get(protocol) ?? last;
    const start = previous >= first && previous < last ? previous + 1 : first;
    for (let step = 0; step <= last - first; step++) {
      const port = first + ((start - first + step) % (last - first + 1));
      if (!reserved.some((range) => port >= range.first && port <= range.last)) yield port;
    }
  }

  /** The next walk begins after this port. */
  used(protocol: PortProtocol, port: number): void {
    this.#last.set(protocol, port);
  }
}

/** `10 20` or `10`. */
function parseRange(text: string): PortRange | undefined {
  const [first, last = first] = text.trim().split(/\s+/).map(Number);
  if (first === undefined || last === undefined || !(first > 0) || !(last >= first)) return undefined;
  return { first, last };
}
