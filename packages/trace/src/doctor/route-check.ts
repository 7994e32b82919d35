import { prefixFamily } from '@fairlead/base';
import { overlapRoute, overlapText, type RouteOverlap, routeOverlaps } from '@fairlead/netlink/overlap';
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
  const own = new Set(state.directory.networks.flatMap(({ interface: device, host }) => [device, host?.link]));
  return state.directory.networks.flatMap(({ name, subnets }) =>
    routeOverlaps(subnets, state, (link) => own.has(link)).map((found) => overlap(state, name, found)),
  );
}

function overlap(state: HostState, name: string, found: RouteOverlap): Finding {
  const { subnet, diverts } = found;
  return {
    code: 'subnet-overlap',
    severity: diverts ? 'error' : 'warning',
    text: overlapText(name, found),
    evidence: [`route: ${overlapRoute(found)}`, `network ${name}: ${subnet}`],
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

/** Whether there is a way out. */
export function defaultRouteFindings(state: HostState): Finding[] {
  const networks = usedNetworks(state).filter(({ internal }) => !internal);
  if (state.hasWayOut || networks.length === 0) return [];
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
