import type { Fault } from './trace-lab.ts';

const twin = 'nsenter --net=/run/netns/twin';
const through = { from: 'web', to: '10.50.0.2' };
const through6 = { from: 'web', to: 'fd00:50::2' };

/** Ends of the cable to another machine, which is a namespace, by the IP version of what goes over it. */
const ends = { 4: ['198.18.0.1', '198.18.0.2'], 6: ['2001:db8:18::1', '2001:db8:18::2'] } as const;

/** Hardware addresses of the tunnel's ends: this one knows the other one's. */
const mac = ['02:00:00:00:50:01', '02:00:00:00:50:02'] as const;

/** Another machine, and a tunnel to it: `change` is made on both, or breaks something. */
function tunnel(family: 4 | 6, change = ''): Required<Pick<Fault, 'inject' | 'undo'>> {
  const [here, there] = ends[family];
  const bits = family === 4 ? 24 : 64;
  const vxlan = (local: string, remote: string) => `type vxlan id 5 local ${local} remote ${remote} dstport 4789`;
  return {
    inject: `ip netns add twin; ip link add cable type veth peer name eth0 netns twin
      ip addr add ${here}/${bits} dev cable nodad; ip link set cable up
      ip -n twin addr add ${there}/${bits} dev eth0 nodad; ip -n twin link set eth0 up
      ip link add tunnel address ${mac[0]} ${vxlan(here, there)}
      ip -n twin link add tunnel address ${mac[1]} ${vxlan(there, here)}
      ip addr add 10.50.0.1/24 dev tunnel; ip addr add fd00:50::1/64 dev tunnel nodad; ip link set tunnel up
      ip -n twin addr add 10.50.0.2/24 dev tunnel; ip -n twin addr add fd00:50::2/64 dev tunnel nodad
      ip -n twin link set tunnel up
      ip neigh replace 10.50.0.2 lladdr ${mac[1]} dev tunnel; ip neigh replace fd00:50::2 lladdr ${mac[1]} dev tunnel
      ${change}`,
    undo: 'ip netns del twin; ip link del tunnel; ip link del cable 2>/dev/null || true',
  };
}

const dropsThere = `${twin} nft 'add table inet mine; add chain inet mine i { type filter hook input priority 0; }
  add rule inet mine i udp dport 4789 drop'`;

/** Faults of the packets into which a tunnel puts the probe. */
export const tunnelFaults: readonly Fault[] = [
  {
    name: 'a rule here drops the packets of a tunnel',
    trace: through,
    ...tunnel(4, 'iptables-nft -A OUTPUT -p udp --dport 4789 -j DROP'),
    undo: `nft delete table ip filter; ${tunnel(4).undo}`,
    code: 'foreign-rule',
    heals: 1,
  },
  {
    name: 'a rule at the far end drops the packets of a tunnel',
    trace: through6,
    ...tunnel(4, dropsThere),
    code: 'foreign-rule',
    heals: 1,
  },
  {
    name: 'a rule at the far end drops the packets of a tunnel over IPv6',
    trace: through,
    ...tunnel(6, dropsThere),
    code: 'foreign-rule',
  },
  {
    name: 'the far end of a tunnel is down',
    trace: through,
    ...tunnel(4, 'ip -n twin link set tunnel down'),
    code: 'tunnel-end-missing',
  },
  {
    name: 'the far end of a tunnel over IPv6 has another port',
    trace: through6,
    ...tunnel(
      6,
      `ip -n twin link del tunnel; ip -n twin link add tunnel type vxlan id 5 remote ${ends[6][0]} dstport 8472; ip -n twin link set tunnel up`,
    ),
    code: 'tunnel-end-missing',
  },
  {
    name: 'the far end of a tunnel has another number',
    trace: through,
    ...tunnel(
      4,
      `ip -n twin link del tunnel; ip -n twin link add tunnel type vxlan id 6 remote ${ends[4][0]} dstport 4789; ip -n twin link set tunnel up`,
    ),
    code: 'tunnel-number-unknown',
  },
  {
    name: 'the far end of a tunnel answers to nobody on the wire, IPv6',
    trace: through,
    ...tunnel(6, 'ip -n twin link set eth0 down'),
    code: 'no-carrier',
  },
  {
    name: 'a rule at the far end drops what asks for a neighbour through a tunnel',
    trace: through,
    ...tunnel(4, `${dropsThere}; ip neigh del 10.50.0.2 dev tunnel`),
    code: 'firewall',
  },
  {
    name: 'nobody has the address of the far end of a tunnel',
    trace: through,
    ...tunnel(4, `ip -n twin addr del ${ends[4][1]}/24 dev eth0; ip neigh flush dev cable`),
    code: 'no-neighbor',
  },
  {
    name: 'the packets of a tunnel may not be cut, and are too big',
    trace: { ...through, size: 1400 },
    ...tunnel(4, 'ip link set cable mtu 1300; ip link set tunnel type vxlan df set'),
    code: 'too-big',
  },
  {
    name: 'the other end of the cable takes smaller packets only',
    trace: { ...through6, size: 1400 },
    ...tunnel(6, 'ip -n twin link set eth0 mtu 1300'),
    code: 'too-big',
  },
  {
    name: 'a tunnel knows no far end for a hardware address',
    trace: through,
    ...tunnel(
      4,
      `ip link del tunnel; ip link add tunnel type vxlan id 5 dstport 4789 nolearning; ip addr add 10.50.0.1/24 dev tunnel; ip link set tunnel up
      ip neigh replace 10.50.0.2 lladdr 02:00:00:00:50:02 dev tunnel`,
    ),
    code: 'tunnel-broken',
  },
  {
    name: 'the machine behind a tunnel has no way back',
    trace: through,
    ...tunnel(4, 'ip -n twin addr del 10.50.0.2/24 dev tunnel; ip -n twin addr add 10.50.0.2/32 dev tunnel'),
    code: 'no-way-back',
  },
  {
    name: 'a machine behind a tunnel is known by a wrong hardware address',
    trace: through6,
    ...tunnel(6, 'ip neigh replace fd00:50::2 lladdr 02:00:00:00:50:99 dev tunnel'),
    code: 'wrong-neighbor',
  },
  {
    name: 'nobody listens on the machine behind a tunnel',
    trace: { from: 'web', to: '10.50.0.2:80' },
    ...tunnel(6),
    code: 'nobody-listens',
  },
];

/** The same tunnels, whole. */
export const healthyTunnels: readonly Omit<Fault, 'code'>[] = [
  { name: 'through a tunnel', trace: through, ...tunnel(4) },
  { name: 'through a tunnel over IPv6', trace: through6, ...tunnel(6) },
];
