import { parsePrefix, prefixContains, prefixesOverlap, prefixFamily } from '@fairlead/base';
import type { RouteObject } from '@fairlead/netlink';
import { overlapRoute, overlapText, type RouteOverlap, routeOverlaps } from '@fairlead/netlink/overlap';
import { commandIn, sysctlFix } from '../cause/row.ts';
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

/** Routes that refuse packets: wanted, mostly, and often forgotten. */
export function refusingRouteFindings({ routes, inside, directory }: HostState): Finding[] {
  const subnets = directory.networks.flatMap((network) => network.subnets);
  // Of a network's own addresses the check of subnets tells.
  const isForeign = ({ destination }: RouteObject) => !subnets.some((subnet) => prefixesOverlap(subnet, destination));
  const namespaceOf = (name: string) => directory.containers.find((each) => each.name === name)?.namespace;
  return [
    ...refusals('this host', '', routes.filter(isForeign), []),
    ...inside.flatMap(({ container, routes: own }) => refusals(container, namespaceOf(container), own, [container])),
  ];
}

function refusals(
  place: string,
  namespace: string | undefined,
  routes: readonly RouteObject[],
  affects: readonly string[],
): Finding[] {
  return routes.filter(isRefusal).map(({ destination, type, table }): Finding => {
    const ip = prefixFamily(destination) === 6 ? 'ip -6' : 'ip';
    const where = `${type} ${destination}${table === undefined ? '' : ` table ${table}`}`;
    return {
      code: 'route-blocked',
      severity: 'note',
      text: `A route of ${place} refuses packets for ${destination} (${type}).`,
      evidence: [`route: ${where}`],
      affects,
      fixes: [
        {
          text: 'Take it away, unless it is wanted',
          commands: [commandIn(namespace, `${ip} route del ${where}`)],
          undo: [commandIn(namespace, `${ip} route add ${where}`)],
        },
      ],
    };
  });
}

/** But for the kernel's own entry that stands for "no route" in IPv6. */
function isRefusal({ type, destination, protocol }: RouteObject): boolean {
  const refuses = type === 'blackhole' || type === 'unreachable' || type === 'prohibit';
  return refuses && !(destination === '::/0' && protocol === KERNEL);
}

/** RTPROT_KERNEL. */
const KERNEL = 2;

/** Whether there is a way out. */
export function defaultRouteFindings(state: HostState): Finding[] {
  const networks = usedNetworks(state).filter(({ internal }) => !internal);
  return ([4, 6] as const).flatMap((family): Finding[] => {
    const concerned = networks.filter(({ subnets }) => subnets.some((subnet) => prefixFamily(subnet) === family));
    if (state.hasWayOut[family] || concerned.length === 0 || (family === 6 && !isOnInternet6(state))) return [];
    const ip = family === 6 ? 'ip -6' : 'ip';
    return [
      {
        code: 'no-default-route',
        severity: 'warning',
        text: `This host has no default route for IPv${family}: containers reach what is on its own networks, and nothing else.`,
        evidence: [`no route to ${family === 6 ? '::/0' : '0.0.0.0/0'}`],
        affects: concerned.flatMap(({ name }) => containersOn(state, name)),
        fixes: [
          { text: 'Give it one', commands: [`${ip} route add default via GATEWAY`], undo: [`${ip} route del default`] },
        ],
      },
    ];
  });
}

/** Many hosts have IPv6 among their containers alone: only one that has an address of the Internet is to reach it. */
function isOnInternet6({ addresses, directory }: HostState): boolean {
  const own = directory.networks.flatMap(({ subnets }) => subnets);
  return addresses.some(
    (address) => prefixContains(internet6, address) && !own.some((subnet) => prefixContains(subnet, address)),
  );
}

/** What has been given out for the Internet of IPv6 (RFC 4291). */
const internet6 = parsePrefix('2000::/3');
