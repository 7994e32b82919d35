import { refusal } from '../refusal.ts';
import type { PortConfig, Service, ServiceSpec } from './service-model.ts';

/** Ports that the swarm chooses from (swarmkit, manager/allocator/cnmallocator/portallocator.go). */
const dynamicPorts = { first: 30_000, last: 32_767 };

/** @throws FairleadError `invalid-argument` in swarmkit's words for ports that another service has. */
export function requireFreePorts({ endpointSpec }: ServiceSpec, others: readonly Service[]): void {
  for (const port of endpointSpec?.ports ?? []) {
    if ((port.publishedPort ?? 0) === 0) continue;
    for (const { id, spec, ports } of others) {
      const taken = ports.find((other) => keyOf(other) === keyOf(port));
      if (taken === undefined || (isHost(taken) && isHost(port))) continue;
      const how = isHost(taken) ? 'a host-published port' : 'an ingress port';
      const who = `service '${spec.name}' (${id}) as ${how}`;
      throw refusal('invalid-argument', `port '${port.publishedPort}' is already in use by ${who}`);
    }
  }
}

/**
 * Ports as they are published: a free one of the swarm's where none was asked for, the same as before where there was one.
 *
 * @param had of the service until now.
 */
export function choosePorts(
  asked: readonly PortConfig[],
  had: readonly PortConfig[],
  others: readonly Service[],
): readonly PortConfig[] {
  const taken = new Set([...others.flatMap(({ ports }) => ports), ...asked].map(keyOf));
  return asked.map((port) => {
    if (isHost(port) || (port.publishedPort ?? 0) !== 0) return port;
    const former = had.find(
      (other) => !isHost(other) && other.targetPort === port.targetPort && sameProtocol(other, port),
    );
    const publishedPort = former?.publishedPort ?? freePort(port, taken);
    const chosen = { ...port, publishedPort };
    taken.add(keyOf(chosen));
    return chosen;
  });
}

function freePort(port: PortConfig, taken: ReadonlySet<string>): number {
  for (let number = dynamicPorts.first; number <= dynamicPorts.last; number++) {
    if (!taken.has(keyOf({ ...port, publishedPort: number }))) return number;
  }
  throw refusal('failed-precondition', 'no dynamic port is left');
}

function keyOf({ publishedPort = 0, protocol = 'tcp' }: PortConfig): string {
  return `${publishedPort}/${protocol}`;
}

function isHost({ publishMode }: PortConfig): boolean {
  return publishMode === 'host';
}

function sameProtocol(a: PortConfig, b: PortConfig): boolean {
  return (a.protocol ?? 'tcp') === (b.protocol ?? 'tcp');
}
