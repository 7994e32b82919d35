import { FairleadError, formatPortSpec, type PortRange, parsePortSpec } from '@fairlead/base';
import type { PortBinding } from '@fairlead/engine';

/**
 * One binding for each container port of a text in the notation of `-p`; ranges of equal length go in step.
 *
 * @throws FairleadError `invalid-argument` in the words of the docker command.
 */
export function parseBindings(text: string): PortBinding[] {
  const { protocol, containerPorts, hostAddress, hostPorts } = parsePortSpec(text);
  const count = containerPorts.last - containerPorts.first + 1;
  return Array.from({ length: count }, (_, index) => ({
    protocol,
    containerPort: containerPorts.first + index,
    ...(hostAddress && { hostAddress }),
    ...(hostPorts && { hostPorts: count === 1 ? hostPorts : singlePort(hostPorts.first + index) }),
  }));
}

/**
 * The bindings that are left when others are taken away: those of the same container port and protocol, and of the
 * same host address and ports where these are given.
 *
 * @throws FairleadError `not-found` for one that is not there.
 */
export function withoutBindings(bindings: readonly PortBinding[], removed: readonly PortBinding[]): PortBinding[] {
  // By port: a range can be thousands long.
  const left = Map.groupBy(bindings, portOf);
  for (const wanted of removed) {
    const candidates = left.get(portOf(wanted)) ?? [];
    const rest = candidates.filter((binding) => !isMeant(wanted, binding));
    if (rest.length === candidates.length)
      throw new FairleadError('not-found', `port ${textOf(wanted)} is not published`);
    left.set(portOf(wanted), rest);
  }
  const kept = new Set([...left.values()].flat());
  return bindings.filter((binding) => kept.has(binding));
}

function portOf({ protocol, containerPort }: PortBinding): string {
  return `${containerPort}/${protocol}`;
}

/** @param binding of the same port. */
function isMeant(wanted: PortBinding, { hostAddress, hostPorts }: PortBinding): boolean {
  if (wanted.hostAddress !== undefined && wanted.hostAddress !== hostAddress) return false;
  return wanted.hostPorts === undefined || isSame(wanted.hostPorts, hostPorts);
}

function isSame(a: PortRange, b: PortRange | undefined): boolean {
  return a.first === b?.first && a.last === b.last;
}

function textOf({ containerPort, ...binding }: PortBinding): string {
  return formatPortSpec({ ...binding, containerPorts: singlePort(containerPort) });
}

function singlePort(port: number): PortRange {
  return { first: port, last: port };
}
