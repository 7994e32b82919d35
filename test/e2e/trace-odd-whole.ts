import { oddTable } from './trace-injections.ts';
import type { HealthyCase } from './trace-lab.ts';
import { into, out, out6, tcp, tcp6 } from './trace-questions.ts';

/** A firewall that takes answers, and nothing that nobody asked for. */
function answersOnly(where: string, program: string): Pick<HealthyCase, 'inject' | 'undo'> {
  const rule = `${where}${program} -A INPUT`;
  const icmp = program.startsWith('ip6') ? 'ipv6-icmp' : 'icmp';
  return {
    inject: `${where}${program} -P INPUT DROP; ${rule} -i lo -j ACCEPT; ${rule} -p ${icmp} -j ACCEPT
      ${rule} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT`,
    undo: `${where}nft delete table ${program.startsWith('ip6') ? 'ip6' : 'ip'} filter`,
  };
}

/** A second process that has the socket of the server of port 5310 open. */
const pair = `$s = IO::Socket::INET->new(LocalPort => 5310, Listen => 5); fork or do { kill STOP => $$; exit }; sleep 100`;

/** Looks wrong, and is right. */
export const oddAndWhole: readonly HealthyCase[] = [
  {
    name: 'the source takes answers only',
    trace: tcp,
    ...answersOnly('inside $WEB ', 'iptables-nft'),
  },
  {
    name: 'the source takes answers only, and connects',
    trace: { ...tcp6, connect: true },
    ...answersOnly('inside $WEB ', 'ip6tables-nft'),
  },
  {
    name: 'the host takes answers only, and asks a container',
    trace: { from: 'host', to: 'db:80' },
    ...answersOnly('', 'iptables-nft'),
  },
  {
    name: 'a program listens to all packets of the source, and reads too few',
    trace: { ...tcp, connect: true },
    inject: `inside $WEB perl -e 'open(F, ">/tmp/tap"); print F $$; close F; socket($s, 17, 3, 0x0300); setsockopt($s, 1, 8, pack("i", 1)); open(F, ">/tmp/tapped"); sleep 100' </dev/null >/dev/null 2>&1 &
      for i in $(seq 50); do [ -e /tmp/tapped ] && break; sleep 0.1; done
      inside $WEB busybox ping -q -c1 -W3 10.9.1.3 >/dev/null`,
    undo: 'kill $(cat /tmp/tap); rm /tmp/tap /tmp/tapped',
  },
  {
    name: 'a rule hands packets to a program, and passes them where there is none, IPv6',
    trace: out6,
    inject: 'ip6tables-nft -I FORWARD -j NFQUEUE --queue-num 3 --queue-bypass',
    undo: 'nft delete table ip6 filter',
  },
  {
    name: 'one of two processes of the server is stopped',
    trace: { from: 'web', to: '10.9.1.3:5310' },
    inject: `inside $DB perl -MIO::Socket::INET -e '${pair}' </dev/null >/dev/null 2>&1 &
      for i in $(seq 50); do [ $(inside $DB ss -Hltnp sport = :5310 | grep -o "pid=[0-9]*" | wc -l) = 2 ] && break; sleep 0.1; done`,
    undo: 'kill -9 $(inside $DB ss -Hltnp sport = :5310 | grep -o "pid=[0-9]*" | cut -d= -f2)',
  },
  {
    name: 'another container is paused',
    trace: tcp,
    inject: 'docker pause far',
    undo: 'docker unpause far',
  },
  {
    name: 'a filter of traffic control copies everything to another interface',
    trace: out,
    inject: `tc qdisc add dev $WEB_LINK ingress
      tc filter add dev $WEB_LINK parent ffff: protocol ip u32 match u32 0 0 action mirred egress mirror dev lo`,
    undo: 'tc qdisc del dev $WEB_LINK ingress',
  },
  {
    name: 'a rule writes the time to live and the class of service',
    trace: tcp,
    ...oddTable('inside $DB ', 'ip', 'filter hook prerouting priority -300', 'ip ttl set 64', 'ip dscp set cs1'),
  },
  {
    name: 'the source sends under a second address of its network',
    trace: tcp,
    inject:
      "inside $WEB sh -c 'ip addr add 10.9.1.50/24 dev eth0; ip route replace 10.9.1.0/24 dev eth0 src 10.9.1.50'",
    undo: "inside $WEB sh -c 'ip route replace 10.9.1.0/24 dev eth0 src 10.9.1.2; ip addr del 10.9.1.50/24 dev eth0'",
  },
  {
    name: 'the source has a second address of its network, as privacy extensions make, IPv6',
    trace: out6,
    inject: 'inside $WEB ip addr add fd00:9:1::1234:5678/64 dev eth0 nodad',
    undo: 'inside $WEB ip addr del fd00:9:1::1234:5678/64 dev eth0',
  },
  {
    name: 'the destination is just wide enough for IPv6',
    trace: tcp6,
    inject: 'inside $DB ip link set eth0 mtu 1280',
    undo: 'inside $DB ip link set eth0 mtu 1500',
  },
  {
    name: 'rules of policy routing suppress the default route of the main table, as wg-quick does, and nobody falls through',
    trace: out,
    inject:
      'ip route add default via 192.0.2.1 table 51820; ip rule add pref 100 lookup main suppress_prefixlength 0; ip rule add pref 101 not fwmark 51820 lookup 51820',
    undo: 'ip rule del pref 100; ip rule del pref 101; ip route flush table 51820',
  },
  {
    name: 'a rule that refuses what nobody sends stands before all others',
    trace: out6,
    inject: 'ip -6 rule add pref 10 from 2001:db8:dead::/48 unreachable',
    undo: 'ip -6 rule del pref 10',
  },
  {
    name: 'the destination answers for its addresses strictly',
    trace: tcp,
    inject: `inside $DB sysctl -qw net.ipv4.conf.all.arp_ignore=2 net.ipv4.conf.all.arp_filter=1 net.ipv4.conf.all.arp_announce=2
      inside $WEB ip neigh flush dev eth0`,
    undo: 'inside $DB sysctl -qw net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.all.arp_filter=0 net.ipv4.conf.all.arp_announce=0',
  },
  {
    name: 'a limit that is not reached lets pass',
    trace: into,
    ...oddTable(
      '',
      'inet',
      'filter hook forward priority 0',
      'tcp dport 80 limit rate 100/second burst 50 packets accept',
      'tcp dport 80 drop',
    ),
  },
  {
    name: 'a proxy for handshakes stands before another port',
    trace: into,
    inject: `iptables-nft -t raw -A PREROUTING -p tcp --dport 9999 -j CT --notrack
      iptables-nft -A INPUT -p tcp --dport 9999 -j SYNPROXY --mss 1460`,
    undo: 'nft delete table ip raw; nft delete table ip filter',
  },
];
