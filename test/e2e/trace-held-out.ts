import { asked, twin } from './trace-injections.ts';
import type { Fault } from './trace-lab.ts';
import { out, out6, tcp, tcp6 } from './trace-questions.ts';

const vpn = 'ip link add vpn0 type veth peer name vpn1; ip link set vpn0 up; ip link set vpn1 up';

/** Faults that people have met and that the knowledge base was not made from. */
export const heldOutFaults: readonly Fault[] = [
  {
    name: 'each address of the host has a table of routes of its own, which knows no containers',
    trace: { from: 'web', to: '192.0.2.2' },
    inject: 'ip route add default via 192.0.2.1 table 77; ip rule add from 192.0.2.2 lookup 77',
    undo: 'ip rule del from 192.0.2.2 lookup 77; ip route flush table 77',
    code: 'answer-elsewhere',
  },
  {
    name: 'each address of the host has a table of routes of its own, which knows no containers, IPv6',
    trace: { from: 'web', to: '2001:db8::2' },
    inject: 'ip -6 route add default via 2001:db8::1 table 77; ip -6 rule add from 2001:db8::2 lookup 77',
    undo: 'ip -6 rule del from 2001:db8::2 lookup 77; ip -6 route flush table 77',
    code: 'answer-elsewhere',
  },
  {
    name: 'a VPN’s table has the network of the containers, so answers go there',
    trace: out,
    inject: `${vpn}; ip route add 10.9.1.0/24 dev vpn0 table 52; ip rule add pref 5270 lookup 52`,
    undo: 'ip rule del pref 5270 lookup 52; ip link del vpn0',
    code: 'answer-elsewhere',
  },
  {
    name: 'a VPN’s table has the network of the containers, so answers go there, IPv6',
    trace: out6,
    inject: `${vpn}; ip -6 route add fd00:9:1::/64 dev vpn0 table 52; ip -6 rule add pref 5270 lookup 52`,
    undo: 'ip -6 rule del pref 5270 lookup 52; ip link del vpn0',
    code: 'answer-elsewhere',
  },
  {
    name: 'the hosts file of the source has an old address of the destination',
    trace: { from: 'web', to: 'db:80' },
    inject: 'docker exec web sh -c "echo 10.9.1.77 db >>/etc/hosts"',
    undo: 'docker exec web sh -c "grep -v 10.9.1.77 /etc/hosts >/tmp/h; cat /tmp/h >/etc/hosts"',
    code: 'stale-name',
  },
  {
    name: 'the name server of the source was changed by hand',
    trace: { from: 'web', to: 'db:80' },
    inject: 'docker exec web sh -c "cp /etc/resolv.conf /tmp/r; echo nameserver 10.9.1.77 >/etc/resolv.conf"',
    undo: 'docker exec web sh -c "cat /tmp/r >/etc/resolv.conf"',
    code: 'other-name-server',
  },
  {
    name: 'the gateway is told to ignore who asks for it',
    trace: out,
    inject: 'sysctl -qw net.ipv4.conf.$APP.arp_ignore=8; ip neigh flush dev $APP; inside $WEB ip neigh flush dev eth0',
    undo: 'sysctl -qw net.ipv4.conf.$APP.arp_ignore=0; inside $WEB busybox ping -q -c1 -W3 10.9.1.1 >/dev/null',
    code: 'neighbor-silent',
  },
  {
    name: 'IPv6 is switched off on the bridge',
    trace: out6,
    inject: 'sysctl -qw net.ipv6.conf.$APP.disable_ipv6=1',
    undo: 'sysctl -qw net.ipv6.conf.$APP.disable_ipv6=0; ip addr add fd00:9:1::1/64 dev $APP nodad; inside $WEB busybox ping -6 -q -c1 -W3 fd00:9:1::1 >/dev/null',
    code: 'ipv6-off',
  },
  {
    name: 'a second one on the network answers for the gateway',
    trace: out,
    ...twin('10.9.1.1'),
    code: 'wrong-neighbor',
  },
  {
    name: 'the hardware address of the destination was changed',
    trace: tcp,
    inject: `${asked}; inside $DB ip link set eth0 address 02:00:00:00:77:77`,
    undo: `inside $DB ip link set eth0 address $DB_MAC; inside $WEB ip neigh flush dev eth0; ${asked}`,
    code: 'wrong-neighbor',
  },
  {
    name: 'the cable of the destination is on another bridge',
    trace: tcp6,
    inject: 'ip link set $DB_LINK master $OTHER',
    undo: 'ip link set $DB_LINK master $APP',
    code: 'off-the-bridge',
  },
  {
    name: 'the interface of the destination has another name',
    trace: tcp,
    inject: 'inside $DB sh -c "ip link set eth0 down; ip link set eth0 name old0"',
    undo: 'inside $DB sh -c "ip link set old0 name eth0; ip link set eth0 up; ip route add default via 10.9.1.1; ip addr add fd00:9:1::3/64 dev eth0 nodad; ip -6 route add default via fd00:9:1::1"',
    code: 'interface-down',
  },
  {
    name: 'a route of the host to the one address of a container leads elsewhere',
    trace: { from: 'outside', to: 'db:80' },
    inject: 'ip route add 10.9.1.3/32 via 192.0.2.1',
    undo: 'ip route del 10.9.1.3/32 via 192.0.2.1',
    code: 'route-elsewhere',
  },
  {
    name: 'a route of the host to the one address of a container leads elsewhere, IPv6',
    trace: { from: 'outside', to: 'db:80', family: 6 },
    inject: 'ip -6 route add fd00:9:1::3/128 via 2001:db8::1',
    undo: 'ip -6 route del fd00:9:1::3/128 via 2001:db8::1',
    code: 'route-elsewhere',
  },
  {
    name: 'the destination filters by reverse path, and knows another way back',
    trace: tcp,
    inject: `${asked}; inside $DB sh -c 'ip link add odd0 type veth peer name odd1; ip link set odd0 up; ip link set odd1 up; ip route add 10.9.1.2/32 dev odd0; sysctl -qw net.ipv4.conf.all.rp_filter=1'`,
    undo: `inside $DB sh -c 'sysctl -qw net.ipv4.conf.all.rp_filter=0; ip link del odd0'`,
    code: 'reverse-path',
  },
  {
    name: 'the destination knows another way back',
    trace: tcp6,
    inject: `inside $WEB busybox ping -6 -q -c1 -W3 fd00:9:1::3 >/dev/null; inside $DB sh -c 'ip link add odd0 type veth peer name odd1; ip link set odd0 up; ip link set odd1 up; ip -6 route add fd00:9:1::2/128 dev odd0'`,
    undo: `inside $DB ip link del odd0`,
    code: 'answer-elsewhere',
  },
  {
    name: 'the destination refuses to answer the source',
    trace: tcp6,
    inject: 'inside $DB ip -6 route add unreachable fd00:9:1::2',
    undo: 'inside $DB ip -6 route del unreachable fd00:9:1::2',
    code: 'no-way-back',
  },
  {
    name: 'the source has its own address with a mask of one',
    trace: tcp,
    inject: 'inside $WEB sh -c "ip addr del 10.9.1.2/24 dev eth0; ip addr add 10.9.1.2/32 dev eth0"',
    undo: 'inside $WEB sh -c "ip addr del 10.9.1.2/32 dev eth0; ip addr add 10.9.1.2/24 dev eth0; ip route add default via 10.9.1.1"',
    code: 'no-source-route',
  },
  {
    name: 'the source sends what is for outside to itself',
    trace: out,
    inject: 'inside $WEB ip route add local 192.0.2.0/24 dev lo',
    undo: 'inside $WEB ip route del local 192.0.2.0/24 dev lo',
    code: 'port-taken',
  },
  {
    name: 'the host has lost its address',
    trace: { from: 'web', to: '203.0.113.9' },
    inject: 'ip addr del 192.0.2.2/24 dev eth0',
    undo: 'ip addr add 192.0.2.2/24 dev eth0; ip route add default via 192.0.2.1',
    code: 'no-route',
  },
  {
    name: 'the host takes everybody for a neighbour',
    trace: { from: 'web', to: '203.0.113.9' },
    inject: 'ip route replace default dev eth0',
    undo: 'ip route replace default via 192.0.2.1',
    code: 'no-neighbor',
  },
  {
    name: 'a service of the host listens on loopback only, and a container asks for it',
    trace: { from: 'web', to: 'host:9191' },
    inject: 'busybox httpd -p 127.0.0.1:9191 -h /etc',
    undo: 'kill $(ss -Hltnp sport = :9191 | grep -o "pid=[0-9]*" | cut -d= -f2)',
    code: 'listens-on-loopback',
  },
  {
    name: 'the source knows another way to the destination',
    trace: tcp,
    inject: `inside $WEB sh -c 'ip link add odd0 type veth peer name odd1; ip link set odd0 up; ip link set odd1 up; ip route add 10.9.1.3/32 dev odd0'`,
    undo: 'inside $WEB ip link del odd0',
    code: 'sent-elsewhere',
  },
  {
    name: 'the host answers outside by a VPN',
    trace: { from: '203.0.113.9', to: 'host:8080' },
    inject: `${vpn}; ip route add default dev vpn0 table 52; ip rule add pref 5270 from 10.9.1.0/24 lookup 52; ip neigh replace 203.0.113.9 lladdr 02:00:00:00:99:97 dev vpn0`,
    undo: 'ip rule del pref 5270; ip link del vpn0',
    code: 'answer-elsewhere',
  },
  {
    name: 'the host answers outside by a VPN, IPv6',
    trace: { from: '2001:db8:5::9', to: '[2001:db8::2]:8080' },
    inject: `${vpn}; ip -6 route add default dev vpn0 table 52; ip -6 rule add pref 5270 from fd00:9:1::/64 lookup 52`,
    undo: 'ip -6 rule del pref 5270; ip link del vpn0',
    code: 'answer-elsewhere',
  },
  {
    name: 'the source gives its packets too short a life, IPv6',
    trace: out6,
    inject: 'inside $WEB sysctl -qw net.ipv6.conf.eth0.hop_limit=1',
    undo: 'inside $WEB sysctl -qw net.ipv6.conf.eth0.hop_limit=64',
    code: 'lifetime-too-short',
  },
  {
    name: 'the server is bound to another interface',
    trace: { from: 'web', to: '10.9.1.3:97' },
    inject: `inside $DB perl -MSocket -e 'socket($s, PF_INET, SOCK_STREAM, 6); setsockopt($s, SOL_SOCKET, 25, "lo\\0"); bind($s, sockaddr_in(97, INADDR_ANY)); listen($s, 5); sleep 60' </dev/null >/dev/null 2>&1 &
for i in $(seq 50); do inside $DB ss -Hltn sport = :97 | grep -q . && break; sleep 0.1; done`,
    undo: 'kill $(inside $DB ss -Hltnp sport = :97 | grep -o "pid=[0-9]*" | cut -d= -f2)',
    code: 'listens-on-other-interface',
  },
];

/** Odd, and in order. */
export const oddButWhole: readonly Omit<Fault, 'code'>[] = [
  {
    name: 'a VPN has the default route of a table that asks for others',
    trace: out,
    inject: `${vpn}; ip route add default dev vpn0 table 52; ip rule add pref 5270 from 10.77.0.0/16 lookup 52`,
    undo: 'ip rule del pref 5270; ip link del vpn0',
  },
  {
    name: 'each address of the host has a table of its own, which knows the containers as well',
    trace: { from: 'web', to: '192.0.2.2' },
    inject:
      'ip route add default via 192.0.2.1 table 77; ip route add 10.9.1.0/24 dev $APP table 77; ip rule add from 192.0.2.2 lookup 77',
    undo: 'ip rule del from 192.0.2.2 lookup 77; ip route flush table 77',
  },
  {
    name: 'the container has a tunnel of its own for other addresses',
    trace: tcp,
    inject: `inside $WEB sh -c 'ip link add odd0 type veth peer name odd1; ip link set odd0 up; ip link set odd1 up; ip route add 10.77.0.0/16 dev odd0'`,
    undo: 'inside $WEB ip link del odd0',
  },
  {
    name: 'the container has another address beside its own, and asks itself there',
    trace: { from: 'web', to: '10.77.0.7' },
    inject: 'inside $WEB ip addr add 10.77.0.7/32 dev lo',
    undo: 'inside $WEB ip addr del 10.77.0.7/32 dev lo',
  },
  {
    name: 'the hosts file has the right address of another container',
    trace: { from: 'web', to: 'db:80' },
    inject: 'docker exec web sh -c "echo 10.9.1.3 db >>/etc/hosts"',
    undo: 'docker exec web sh -c "grep -v 10.9.1.3 /etc/hosts >/tmp/h; cat /tmp/h >/etc/hosts"',
  },
  {
    name: 'the interface of a container has another name, and works',
    trace: tcp,
    inject: 'inside $WEB sh -c "ip link property add dev eth0 altname lan0; ip route add 10.9.1.3/32 dev lan0"',
    undo: 'inside $WEB sh -c "ip route del 10.9.1.3/32; ip link property del dev eth0 altname lan0"',
  },
  {
    name: 'rules of the older iptables that count and let pass',
    trace: out6,
    inject: 'ip6tables-legacy -A FORWARD -p tcp -j DROP; ip6tables-legacy -I FORWARD -p ipv6-icmp -j ACCEPT',
    undo: 'ip6tables-legacy -D FORWARD -p tcp -j DROP; ip6tables-legacy -D FORWARD -p ipv6-icmp -j ACCEPT',
  },
  {
    name: 'the gateway’s hardware address is told by hand, rightly',
    trace: out,
    inject:
      'inside $WEB ip neigh replace 10.9.1.1 lladdr $(ip -j link show $APP | grep -o \'"address":"[^"]*\' | cut -d\\" -f4) nud permanent dev eth0',
    undo: 'inside $WEB ip neigh del 10.9.1.1 dev eth0',
  },
  {
    name: 'the host has a second address on its wire, and containers ask for it',
    trace: { from: 'web', to: '192.0.2.50' },
    inject: 'ip addr add 192.0.2.50/24 dev eth0',
    undo: 'ip addr del 192.0.2.50/24 dev eth0',
  },
  {
    name: 'the container forwards, and filters strictly by reverse path',
    trace: tcp,
    inject: 'inside $DB sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=1',
    undo: 'inside $DB sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.all.rp_filter=0',
  },
];
