import { asked, oddTable, strangers } from './trace-injections.ts';
import type { Fault } from './trace-lab.ts';
import { tcp as address, out } from './trace-questions.ts';

const tcp = { from: 'web', to: 'db:80' };

/** The destination's hardware address, as `$MAC`. */
const mac = 'MAC=$(inside $DB ip -j link show eth0 | grep -o \'"address":"[^"]*\' | cut -d\\" -f4)';

/** A table that changes what the host takes for connections. */
function nat(type: string, rule: string): Pick<Fault, 'inject' | 'undo'> {
  const { inject, undo } = oddTable('', 'ip', type, rule);
  return { inject, undo: `${undo}; conntrack -F 2>/dev/null || true` };
}

/** A rule that hands what is for the published port to a transparent proxy, and takes itself away again. */
function handOver(family: 4 | 6, words: string): Pick<Fault, 'inject' | 'undo'> {
  const [program, table] = family === 6 ? ['ip6tables-nft', 'ip6'] : ['iptables-nft', 'ip'];
  return {
    inject: `${program} -t mangle -A PREROUTING -p tcp --dport 8080 -j TPROXY --on-port 3129 ${words}`,
    undo: `nft delete table ${table} mangle`,
  };
}

function proxyWithoutProgram(family: 4 | 6): Fault {
  return {
    name: `a rule hands the packet to a transparent proxy that is not there, IPv${family}`,
    trace: { from: 'outside', to: 'db:80', family },
    ...handOver(family, ''),
    code: 'proxy-missing',
    says: /TPROXY.*no program there has a socket/,
  };
}

function proxyWithoutRoute(family: 4 | 6): Fault {
  const { inject, undo } = handOver(family, '--tproxy-mark 7');
  const [domain, address] =
    family === 6 ? ['AF_INET6', 'sockaddr_in6(3129, IN6ADDR_ANY)'] : ['AF_INET', 'sockaddr_in(3129, INADDR_ANY)'];
  // IP_TRANSPARENT, IPV6_TRANSPARENT.
  const transparent = family === 6 ? '41, 75' : '0, 19';
  const lines = [
    `socket($s, ${domain}, SOCK_STREAM, 6)`,
    `setsockopt($s, ${transparent}, pack("i", 1)) or die`,
    `bind($s, ${address}) or die`,
    'listen($s, 5)',
    'sleep 60',
  ];
  return {
    name: `a packet for a transparent proxy is routed past it, IPv${family}`,
    trace: { from: 'outside', to: 'db:80', family },
    inject: `${inject}
      perl -MSocket=:all -e '${lines.join('; ')}' </dev/null >/dev/null 2>&1 &
      sleep 0.3`,
    undo: `${undo}; kill $(ss -Hltnp sport = :3129 | grep -o "pid=[0-9]*" | cut -d= -f2)`,
    code: 'proxy-passed',
    says: /TPROXY.*has the mark 7/,
  };
}

/** Faults that are met less often. */
export const oddFaults: readonly Fault[] = [
  {
    name: 'a queue of traffic control is full',
    trace: { from: 'web', to: 'db', size: 1400 },
    inject: 'tc qdisc add dev $DB_LINK root tbf rate 8kbit burst 1000 latency 1ms',
    undo: 'tc qdisc del dev $DB_LINK root',
    code: 'traffic-control',
  },
  {
    name: 'a rule of ebtables drops',
    trace: tcp,
    inject: 'ebtables-nft -A FORWARD -p IPv4 --ip-proto tcp -j DROP',
    undo: 'nft delete table bridge filter',
    code: 'foreign-rule',
  },
  {
    name: 'a rule before connection tracking drops',
    trace: { from: 'outside', to: 'db:80' },
    inject: 'iptables-nft -t raw -A PREROUTING -p tcp --dport 8080 -j DROP',
    undo: 'nft delete table ip raw',
    code: 'foreign-rule',
  },
  ...([4, 6] as const).flatMap((family) => [proxyWithoutProgram(family), proxyWithoutRoute(family)]),
  {
    name: 'a rule on the way out of the host drops',
    trace: out,
    inject: 'iptables-nft -t mangle -A POSTROUTING -d 192.0.2.1 -j DROP',
    undo: 'nft delete table ip mangle',
    code: 'foreign-rule',
  },
  {
    name: 'the host keeps containers from a service of its own',
    trace: { from: 'web', to: 'host:9090' },
    inject: 'iptables-nft -A INPUT -i $APP -p tcp --dport 9090 -j DROP',
    undo: 'nft delete table ip filter',
    code: 'foreign-rule',
  },
  {
    name: 'the bridge has a wrong entry for the destination',
    trace: address,
    inject: `${mac}; bridge fdb replace $MAC dev $WEB_LINK master static sticky`,
    undo: `${mac}; bridge fdb del $MAC dev $WEB_LINK master`,
    code: 'wrong-forwarding',
  },
  {
    name: 'the destination does not answer to its address',
    trace: address,
    inject: 'inside $DB ip link set eth0 arp off; inside $WEB ip neigh flush dev eth0',
    undo: `inside $DB ip link set eth0 arp on; ${asked}`,
    code: 'arp-off',
  },
  {
    name: 'the destination is told to ignore who asks for it',
    trace: address,
    inject: `inside $DB sysctl -qw net.ipv4.conf.all.arp_ignore=8; ${strangers}`,
    undo: `inside $DB sysctl -qw net.ipv4.conf.all.arp_ignore=0; ${asked}`,
    code: 'neighbor-silent',
  },
  {
    name: 'the destination only answers by ARP whom it would send to by the same interface',
    trace: address,
    inject: `inside $DB sysctl -qw net.ipv4.conf.all.arp_filter=1; inside $DB ip route add 10.9.1.2 dev lo; ${strangers}`,
    undo: `inside $DB ip route del 10.9.1.2 dev lo; inside $DB sysctl -qw net.ipv4.conf.all.arp_filter=0; ${asked}`,
    code: 'neighbor-silent',
    says: /conf\.all\.arp_filter is 1\), and sends there by lo/,
  },
  {
    name: 'the destination is told not to answer echo requests',
    trace: { from: 'web', to: 'db' },
    inject: 'inside $DB sysctl -qw net.ipv4.icmp_echo_ignore_all=1',
    undo: 'inside $DB sysctl -qw net.ipv4.icmp_echo_ignore_all=0',
    code: 'echo-ignored',
  },
  {
    name: 'the destination is told not to answer echo requests, IPv6',
    trace: { from: 'web', to: 'db', family: 6 },
    inject: 'inside $DB sysctl -qw net.ipv6.icmp.echo_ignore_all=1',
    undo: 'inside $DB sysctl -qw net.ipv6.icmp.echo_ignore_all=0',
    code: 'echo-ignored',
  },
  {
    name: 'the source has a wrong default route',
    trace: out,
    inject: 'inside $WEB ip route replace default via 10.9.1.99',
    undo: 'inside $WEB ip route replace default via 10.9.1.1',
    code: 'wrong-next-hop',
  },
  {
    name: 'the source has no default route',
    trace: out,
    inject: 'inside $WEB ip route del default',
    undo: 'inside $WEB ip route add default via 10.9.1.1',
    code: 'no-source-route',
  },
  {
    name: 'a policy rule sends it to a gateway that is not there',
    trace: out,
    inject: 'ip route add default via 192.0.2.99 table 100; ip rule add from 10.9.1.0/24 lookup 100',
    undo: 'ip rule del from 10.9.1.0/24 lookup 100; ip route flush table 100',
    code: 'no-neighbor',
  },
  {
    name: 'two routes point at each other',
    trace: { from: 'web', to: '203.0.113.9' },
    inject: 'ip route add 203.0.113.0/24 via 10.9.1.2; inside $WEB sysctl -qw net.ipv4.ip_forward=1',
    undo: 'ip route del 203.0.113.0/24; inside $WEB sysctl -qw net.ipv4.ip_forward=0',
    code: 'routing-loop',
  },
  {
    name: 'the cable of the destination takes smaller packets only',
    trace: { from: 'web', to: 'db', size: 1400 },
    inject: 'ip link set $DB_LINK mtu 1300',
    undo: 'ip link set $DB_LINK mtu 1500',
    code: 'too-big',
  },
  {
    name: 'the server does not accept its connections',
    trace: { from: 'web', to: 'db:95' },
    inject: `inside $DB perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 95, Listen => 1); sleep 100' </dev/null >/dev/null 2>&1 &
sleep 0.3
inside $WEB perl -MIO::Socket::INET -e '@s = map { IO::Socket::INET->new(PeerAddr => "10.9.1.3:95", Timeout => 1) } 1..2; sleep 20' </dev/null >/dev/null 2>&1 &
sleep 0.3`,
    undo: 'kill $(inside $DB ss -Hltnp sport = :95 | grep -o "pid=[0-9]*" | cut -d= -f2)',
    code: 'socket-full',
  },
  {
    name: 'somebody changes its source to what nobody can answer',
    trace: out,
    ...nat('nat hook postrouting priority 50', 'ip saddr 10.9.1.2 snat to 198.51.100.7'),
    code: 'foreign-translation',
  },
  {
    name: 'somebody keeps it from being translated',
    trace: out,
    ...nat('filter hook prerouting priority -300', 'ip saddr 10.9.1.2 notrack'),
    code: 'left-untranslated',
  },
  {
    name: 'the container behind a published port does not run',
    trace: { from: 'outside', to: 'host:8085' },
    inject: 'docker stop -t 0 spare',
    undo: 'docker start spare',
    code: 'target-not-running',
  },
  {
    name: 'the answer meets a blackhole',
    trace: { from: '198.51.100.7', to: 'host:8080' },
    inject: 'ip route add blackhole 198.51.100.0/24',
    undo: 'ip route del blackhole 198.51.100.0/24',
    code: 'route-blocked',
  },
];
