import { parseInterfaceAddress, parseIpAddress, parsePrefix } from '@fairlead/base';
import type { KernelObject, NamespaceName } from '@fairlead/netlink';

/** Addresses of the little network between a host and its outside world (RFC 5737, RFC 3849: nobody else's). */
export const labAddresses = {
  host: { ipv4: parseIpAddress('192.0.2.2'), ipv6: parseIpAddress('2001:db8::2') },
  outside: { ipv4: parseIpAddress('192.0.2.1'), ipv6: parseIpAddress('2001:db8::1') },
} as const;

/** A host and its outside world as kernel objects. */
export interface HostPlan {
  readonly host: NamespaceName;
  readonly outside: NamespaceName;
  /** In the order in which they can be made. */
  readonly objects: readonly KernelObject[];
}

/**
 * What the kernel has to hold for a host: two namespaces, a cable between them, both families, and the outside as the
 * host's default gateway. Interfaces are called eth0, as on any machine.
 *
 * @param name pinned name of the host's namespace; the outside's is the same with `-out`.
 */
export function hostPlan(name: string): HostPlan {
  const outside = `${name}-out`;
  const cable: KernelObject = {
    kind: 'link',
    namespace: name,
    name: 'eth0',
    type: { kind: 'veth', peer: { namespace: outside, name: 'eth0' } },
    up: true,
  };
  const farEnd: KernelObject = { kind: 'link', namespace: outside, name: 'eth0', type: { kind: 'veth' }, up: true };
  return {
    host: name,
    outside,
    objects: [
      ...space(name),
      ...space(outside),
      forwarding(name, '0'),
      forwarding(outside, '1'),
      ...promptRefusals(outside),
      cable,
      farEnd,
      ...addresses(name, 'host'),
      ...addresses(outside, 'outside'),
      ...routes(name),
    ],
  };
}

/** Duplicate address detection would leave the addresses unusable for a second, and there is nobody else. */
function space(namespace: NamespaceName): KernelObject[] {
  return [
    { kind: 'namespace', namespace },
    { kind: 'sysctl', namespace, key: 'net.ipv6.conf.all.accept_dad', value: '0' },
    { kind: 'sysctl', namespace, key: 'net.ipv6.conf.default.accept_dad', value: '0' },
  ];
}

/**
 * A new namespace begins with the machine's own IPv4 settings (net.core.devconf_inherit_init_net), and a machine with an
 * engine on it forwards. A host does not until a network asks for it; the outside is a router, which says where it knows no way.
 */
function forwarding(namespace: NamespaceName, value: '0' | '1'): KernelObject {
  return { kind: 'sysctl', namespace, key: 'net.ipv4.ip_forward', value };
}

/**
 * That nobody listens is said each time, not once a second: a question to a name server that is not there would be waited
 * for in vain, for four seconds.
 */
function promptRefusals(namespace: NamespaceName): KernelObject[] {
  return ['net.ipv4.icmp_ratelimit', 'net.ipv6.icmp.ratelimit'].map((key) => ({
    kind: 'sysctl',
    namespace,
    key,
    value: '0',
  }));
}

function addresses(namespace: NamespaceName, side: keyof typeof labAddresses): KernelObject[] {
  const { ipv4, ipv6 } = labAddresses[side];
  return [
    { kind: 'address', namespace, link: 'eth0', address: parseInterfaceAddress(`${ipv4}/24`) },
    { kind: 'address', namespace, link: 'eth0', address: parseInterfaceAddress(`${ipv6}/64`) },
  ];
}

function routes(namespace: NamespaceName): KernelObject[] {
  const { ipv4, ipv6 } = labAddresses.outside;
  return [
    { kind: 'route', namespace, destination: parsePrefix('0.0.0.0/0'), via: ipv4, link: 'eth0' },
    { kind: 'route', namespace, destination: parsePrefix('::/0'), via: ipv6, link: 'eth0' },
  ];
}
