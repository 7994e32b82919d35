import { type Prefix, prefixesOverlap, prefixFamily, prefixLength } from '@fairlead/base';
import type { RouteObject } from '@fairlead/netlink';
import { sysctlFix } from '../cause/row.ts';
import type { NetworkPlace } from '../model/directory.ts';
import type { Finding } from './finding.ts';
import { containersOn, type HostState, usedNetworks } from './host-state.ts';

/** Whether this host passes packets on for the networks that are used. */
export function forwardingFindings(state: HostState): Finding[] {
  const networks = usedNetworks(state).filter(({ internal }) => !internal);
  return ([4, 6] as const).flatMap((family) => {
    const key = family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding';
    const concerned = networks.filter(({ subnets }) => subnets.some((subnet) => prefixFamily(subnet) === family));
    if (concerned.length === 0 || state.sysctls[key] !== '0') return [];
    return [
      {
        code: 'forwarding-off',
        severity: 'error',
        text: `This host does not forward IPv${family}: nothing gets out of or into the networks ${namesOf(concerned)}.`,
        evidence: [`${key} = 0`],
        affects: concerned.flatMap(({ name }) => containersOn(state, name)),
        fixes: [
          sysctlFix(
            { namespace: '', key, value: '1', previous: '0' },
            { text: 'Switch forwarding on', scope: 'this host routes between its networks' },
          ),
        ],
      } satisfies Finding,
    ];
  });
}

function namesOf(networks: readonly NetworkPlace[]): string {
  return networks.map(({ name }) => name).join(', ');
}

/** A route of somebody else for addresses of ours: a VPN's, mostly. */
export function overlapFindings(state: HostState): Finding[] {
  return state.directory.networks.flatMap((network) =>
    network.subnets.flatMap((subnet) =>
      state.routes
        .filter((route) => isInTheWay(state, network, subnet, route))
        .map((route) => overlap(state, network, subnet, route)),
    ),
  );
}

function isInTheWay(
  state: HostState,
  network: NetworkPlace,
  subnet: Prefix,
  { destination, link }: RouteObject,
): boolean {
  return (
    link !== network.interface &&
    prefixLength(destination) > 0 &&
    prefixFamily(destination) === prefixFamily(subnet) &&
    prefixesOverlap(destination, subnet) &&
    !isOurs(state, link) &&
    !isLinkLocal(destination)
  );
}

function overlap(
  state: HostState,
  { name }: NetworkPlace,
  subnet: Prefix,
  { destination, link, type }: RouteObject,
): Finding {
  const stronger = prefixLength(destination) >= prefixLength(subnet);
  const place = link ?? type ?? 'nowhere';
  return {
    code: 'subnet-overlap',
    severity: stronger ? 'error' : 'warning',
    text: stronger
      ? `Packets for ${name} (${subnet}) go to ${place} instead: the route to ${destination} is as exact or more so.`
      : `${name} (${subnet}) lies within ${destination}, which ${place} leads to: containers cannot reach those of its addresses there.`,
    evidence: [`route: ${destination} dev ${place}`, `network ${name}: ${subnet}`],
    affects: containersOn(state, name),
    fixes: [
      {
        text: 'Make the network anew with a subnet that nobody else has',
        commands: [`docker network create --subnet PREFIX ${name}-new`],
        undo: [`docker network rm ${name}-new`],
      },
    ],
  };
}

function isOurs({ directory }: HostState, link: string | undefined): boolean {
  return directory.networks.some((network) => network.interface === link && link !== undefined);
}

function isLinkLocal(prefix: string): boolean {
  return prefix.startsWith('fe80:') || prefix.startsWith('ff') || prefix.startsWith('169.254.');
}

/** Whether there is a way out. */
export function defaultRouteFindings(state: HostState): Finding[] {
  const networks = usedNetworks(state).filter(({ internal }) => !internal);
  const has = state.routes.some(({ destination }) => destination === '0.0.0.0/0');
  if (has || networks.length === 0) return [];
  return [
    {
      code: 'no-default-route',
      severity: 'warning',
      text: 'This host has no default route for IPv4: containers reach what is on its own networks, and nothing else.',
      evidence: ['no route to 0.0.0.0/0'],
      affects: networks.flatMap(({ name }) => containersOn(state, name)),
      fixes: [{ text: 'Give it one', commands: ['ip route add default via GATEWAY'], undo: ['ip route del default'] }],
    },
  ];
}
