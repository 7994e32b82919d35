import { FairleadError, formatPortSpec, type PortRange, parsePortSpec, splitPolicy } from '@fairlead/base';
import type { PortBinding } from '@fairlead/engine';

/**
 * One binding for each container port of a text in the notation of `-p`, with who may ask for it if that is said
 * (`8080:80,from=10.0.0.0/8,via=eth0`); ranges of equal length go in step.
 *
 * @throws FairleadError `invalid-argument` in the words of the docker command.
 */
export function parseBindings(text: string): PortBinding[] {
  const { spec, policy } = splitPolicy(text);
  const { protocol, containerPorts, hostAddress, hostPorts } = parsePortSpec(spec);
  const count = containerPorts.last - containerPorts.first + 1;
  return Array.from({ length: count }, (_, index) => ({
    protocol,
    containerPort: containerPorts.first + index,
    ...(hostAddress && { hostAddress }),
    ...(hostPorts && { hostPorts: count === 1 ? hostPorts : singlePort(hostPorts.first + index) }),
    ...(policy && { policy }),
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

/** True when a text like {@link parseBindings} reads means a binding: of host address and ports only what is given counts. */
export function isMeant(
  wanted: PortBinding,
  { protocol, containerPort, hostAddress, hostPorts }: PortBinding,
): boolean {
  if (wanted.protocol !== protocol || wanted.containerPort !== containerPort) return false;
  if (wanted.hostAddress !== undefined && wanted.hostAddress !== hostAddress) return false;
  return wanted.hostPorts === undefined || isSame(wanted.hostPorts, hostPorts);
}

function isSame(a: PortRange, b: PortRange | undefined): boolean {
  return a.first === b?.first && a.last === b.last;
}

/** A binding in the notation of `-p`. */
export function textOf({ containerPort, ...binding }: PortBinding): string {
  return formatPortSpec({ ...binding, containerPorts: singlePort(containerPort) });
}

function singlePort(port: number): PortRange {
  return { first: port, last: port };
}
