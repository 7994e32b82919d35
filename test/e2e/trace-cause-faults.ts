import { asked, asked6, oddTable, strangers, twin } from './trace-injections.ts';
import type { Fault } from './trace-lab.ts';
import { into, into6, out, out6, tcp, tcp6 } from './trace-questions.ts';

const wrongMac = 'lladdr 02:00:00:00:99:99 nud permanent dev eth0';

/** Faults whose cause lies elsewhere than where the packet ended. */
export const causeFaults: readonly Fault[] = [
  {
    name: 'a rule on the interface of the destination drops',
    trace: tcp,
    ...oddTable('inside $DB ', 'netdev', 'filter hook ingress device eth0 priority 0', 'tcp dport 80 drop'),
    code: 'foreign-rule',
  },
  {
    name: 'somebody redirects a published port, while IPv4 has a table of the same name',
    trace: into6,
    inject:
      'iptables-nft -t nat -A OUTPUT -j ACCEPT; ip6tables-nft -t nat -I PREROUTING -p tcp --dport 8080 -j REDIRECT --to-ports 9',
    undo: 'nft delete table ip nat; nft delete table ip6 nat',
    code: 'port-taken',
  },
  {
    name: 'somebody sends a published port to an address that nobody has',
    trace: into,
    inject: 'iptables-nft -t nat -I PREROUTING -p tcp --dport 8080 -j DNAT --to 10.9.1.99:80',
    undo: 'nft delete table ip nat; conntrack -F 2>/dev/null',
    code: 'foreign-translation',
  },
  {
    name: 'a published port is kept from being tracked',
    trace: into,
    ...oddTable('', 'inet', 'filter hook prerouting priority -300', 'tcp dport 8080 notrack'),
    code: 'port-taken',
  },
  {
    name: 'somebody has connections tracked in a zone of their own',
    trace: out,
    ...oddTable('', 'inet', 'filter hook prerouting priority -300', 'iifname $APP ct zone set 7'),
    code: 'answer-untranslated',
  },
  {
    name: 'the destination sends its answer to a wrong hardware address',
    trace: tcp,
    inject: `inside $DB ip neigh replace 10.9.1.2 ${wrongMac}`,
    undo: 'inside $DB ip neigh del 10.9.1.2 dev eth0',
    code: 'wrong-neighbor',
  },
  {
    name: 'the destination sends what is for outside to a wrong hardware address, IPv6',
    trace: into6,
    inject: `inside $DB ip neigh replace fd00:9:1::1 ${wrongMac}`,
    undo: 'inside $DB ip neigh del fd00:9:1::1 dev eth0',
    code: 'wrong-neighbor',
  },
  {
    name: 'a second one has the address and answers',
    trace: tcp,
    ...twin('10.9.1.3'),
    code: 'wrong-neighbor',
  },
  {
    name: 'a rule drops questions of ARP',
    trace: tcp,
    inject: `inside $DB arptables-nft -A INPUT -j DROP; ${strangers}`,
    undo: `inside $DB nft delete table arp filter; ${asked}`,
    code: 'neighbor-silent',
  },
  {
    name: 'a rule drops questions of neighbour discovery',
    trace: tcp6,
    inject: `${oddTable('inside $DB ', 'ip6', 'filter hook input priority 0', 'icmpv6 type nd-neighbor-solicit drop').inject}
      ${strangers}`,
    undo: `inside $DB nft delete table ip6 odd; ${asked6}`,
    code: 'neighbor-silent',
  },
  {
    name: 'a port of the bridge keeps back what is for many',
    trace: tcp6,
    inject: `bridge link set dev $DB_LINK mcast_flood off; ${strangers}`,
    undo: `bridge link set dev $DB_LINK mcast_flood on; ${asked6}`,
    code: 'neighbor-silent',
  },
  {
    name: 'the gateway of the source is another container, IPv6',
    trace: out6,
    inject: 'inside $WEB ip -6 route replace default via fd00:9:1::3',
    undo: 'inside $WEB ip -6 route replace default via fd00:9:1::1',
    code: 'wrong-next-hop',
  },
  {
    name: 'the netmask of the source is too wide',
    trace: out,
    inject: 'inside $WEB ip route add 192.0.0.0/8 dev eth0',
    undo: 'inside $WEB ip route del 192.0.0.0/8',
    code: 'wrong-next-hop',
  },
  {
    name: 'a rule of policy routing in the source forbids it, IPv6',
    trace: out6,
    inject: 'inside $WEB ip -6 rule add to 2001:db8::/32 prohibit',
    undo: 'inside $WEB ip -6 rule del to 2001:db8::/32',
    code: 'route-blocked',
  },
  {
    name: 'a mark leads to a blackhole',
    trace: out6,
    inject: `${oddTable('', 'inet', 'filter hook prerouting priority -150', 'iifname $APP meta mark set 0x77').inject}
      ip -6 rule add fwmark 0x77 blackhole`,
    undo: 'nft delete table inet odd; ip -6 rule del fwmark 0x77',
    code: 'route-blocked',
  },
  {
    name: 'IPv6 is switched off in the destination',
    trace: tcp6,
    inject: 'inside $DB sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1',
    undo: `inside $DB sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0
      inside $DB ip addr add fd00:9:1::3/64 dev eth0 nodad; inside $DB ip -6 route add default via fd00:9:1::1; ${asked6}`,
    code: 'ipv6-off',
  },
  {
    name: 'a policy of IPsec blocks what is forwarded',
    trace: out,
    inject: 'ip xfrm policy add dir fwd src 10.9.1.0/24 dst 192.0.2.0/24 action block',
    undo: 'ip xfrm policy flush',
    code: 'ipsec-policy',
  },
  {
    name: 'a policy of IPsec blocks what is forwarded, IPv6',
    trace: out6,
    inject: 'ip xfrm policy add dir fwd src fd00:9:1::/64 dst 2001:db8::/32 action block',
    undo: 'ip xfrm policy flush',
    code: 'ipsec-policy',
  },
  {
    name: 'somebody shortens the time to live',
    trace: out6,
    inject: 'ip6tables-nft -t mangle -A PREROUTING -i $APP -j HL --hl-set 1',
    undo: 'nft delete table ip6 mangle',
    code: 'lifetime-too-short',
  },
  {
    name: 'the VPN that it is sent to does not run',
    trace: { from: 'web', to: '198.51.100.1' },
    inject: 'ip tuntap add mode tun name vpn0; ip link set vpn0 up; ip route add 198.51.100.0/24 dev vpn0',
    undo: 'ip link del vpn0',
    code: 'no-carrier',
  },
  {
    name: 'there is no way to the far end of a tunnel',
    trace: { from: 'web', to: '10.50.0.2' },
    inject: `ip link add tunnel type vxlan id 5 remote 203.0.113.77 local 192.0.2.2 dstport 4789
      ip addr add 10.50.0.1/24 dev tunnel; ip link set tunnel up; ip route add unreachable 203.0.113.77
      ip neigh replace 10.50.0.2 lladdr 02:00:00:00:50:02 dev tunnel`,
    undo: 'ip link del tunnel; ip route del unreachable 203.0.113.77',
    code: 'tunnel-broken',
  },
  {
    name: 'nobody outside takes the packets of a tunnel',
    trace: { from: 'web', to: '10.50.0.2' },
    inject: `ip link add tunnel type vxlan id 5 remote 192.0.2.1 local 192.0.2.2 dstport 4789
      ip addr add 10.50.0.1/24 dev tunnel; ip link set tunnel up
      ip neigh replace 10.50.0.2 lladdr 02:00:00:00:50:02 dev tunnel`,
    undo: 'ip link del tunnel',
    code: 'tunnel-end-missing',
  },
  {
    name: 'a route leads to an interface that leads nowhere, IPv6',
    trace: { from: 'web', to: '2001:db8:9::1' },
    inject: 'ip link add hole type ifb; ip link set hole up; ip -6 route add 2001:db8:9::/64 dev hole',
    undo: 'ip link del hole',
    code: 'sent-nowhere',
  },
  {
    name: 'the host has the address of a container, too',
    trace: into,
    inject: 'ip addr add 10.9.1.3/32 dev lo',
    undo: 'ip addr del 10.9.1.3/32 dev lo',
    code: 'route-elsewhere',
  },
  {
    name: 'the hardware address of the gateway was set by hand',
    trace: out,
    inject: `ip neigh replace 192.0.2.1 ${wrongMac}`,
    undo: 'ip neigh del 192.0.2.1 dev eth0',
    code: 'handmade-neighbor',
  },
];
