import { parseIpAddress } from '@fairlead/base';
import { meshElements, relayElements } from '@fairlead/firewall';
import type { KernelObject } from '@fairlead/netlink';
import type { Sandbox } from '../model.ts';
import type { PortRelay, PortReservation } from '../name-service-port.ts';
import { electGateways, type Joined, portGateways } from '../route/gateway.ts';
import type { BalancedService, ServicePublication } from './service-model.ts';

const EVERY_ADDRESS = [parseIpAddress('0.0.0.0'), parseIpAddress('::')] as const;
const LOOPBACK = parseIpAddress('127.0.0.1');

/** As what the name service knows a service that holds ports. */
export function portOwner(service: string): string {
  return `service/${service}`;
}

/** The host ports that a service has held: those of every address, so that nobody else can have them. */
export function portReservations(ports: readonly ServicePublication[]): PortReservation[] {
  return ports.map(({ protocol, published }) => ({
    protocol,
    // The relay, which IPv6 needs where no container has it, does not speak SCTP.
    addresses: protocol === 'sctp' ? [EVERY_ADDRESS[0]] : EVERY_ADDRESS,
    ports: { first: published, last: published },
    count: 1,
  }));
}

/** What comes by IPv6 and cannot be translated goes on as if the host itself had asked by IPv4: it is balanced there. */
export function portRelays(ports: readonly ServicePublication[]): PortRelay[] {
  return ports.flatMap(({ protocol, published }) => {
    if (protocol === 'sctp') return [];
    const [, hostAddress] = EVERY_ADDRESS;
    const relay = { first: published, last: published, containerAddress: LOOPBACK, containerFirst: published };
    return [{ protocol, hostAddress, ...relay }];
  });
}

/**
 * What a service asks of the host's kernel. A container is reached where its gateway is, as with ports of its own: its answers
 * come back that way.
 */
export function serviceFragment(
  state: { readonly sandboxes: Iterable<Sandbox>; joined(sandbox: string): readonly Joined[] },
  { ports, backends }: BalancedService,
): KernelObject[] {
  if (ports.length === 0) return [];
  const owners = new Set(backends);
  const addresses = [...state.sandboxes]
    .filter(({ owner }) => owners.has(owner))
    .flatMap(({ id }) => {
      const { ipv4, ipv6 } = portGateways(electGateways(state.joined(id)));
      return [ipv4?.endpoint.ipv4, ipv6?.endpoint.ipv6].filter((address) => address !== undefined);
    });
  return ports.flatMap(({ protocol, published, target }) => [
    ...meshElements({ protocol, port: published, backends: addresses.map((address) => ({ address, port: target })) }),
    ...relayElements({ protocol, hostAddress: EVERY_ADDRESS[1], hostPorts: { first: published, last: published } }),
  ]);
}
