import { asked6, oddTable } from './trace-injections.ts';
import type { Fault } from './trace-lab.ts';
import { into, into6, out, out6, tcp, tcp6 } from './trace-questions.ts';

/** Faults of ways: what leaves its own, comes back to a closed door, or has none where it seems to have one. */
export const wayFaults: readonly Fault[] = [
  {
    name: 'the source drops the answer itself',
    trace: tcp,
    inject: 'inside $WEB iptables-nft -A INPUT -p tcp --sport 80 -j DROP',
    undo: 'inside $WEB nft delete table ip filter',
    code: 'foreign-rule',
    says: /^In web, .* drops the answer/,
    heals: 1,
  },
  {
    name: 'the source drops the answer to a real connection itself',
    trace: { ...tcp6, connect: true },
    inject: 'inside $WEB ip6tables-nft -A INPUT -p tcp --sport 80 -j DROP',
    undo: 'inside $WEB nft delete table ip6 filter',
    code: 'foreign-rule',
    says: /^In web, .* drops the answer/,
  },
  {
    name: 'the source drops echo replies itself',
    trace: out,
    inject: 'inside $WEB iptables-nft -A INPUT -p icmp -j DROP',
    undo: 'inside $WEB nft delete table ip filter',
    code: 'foreign-rule',
  },
  {
    name: 'the host takes no answers of its containers, IPv6',
    trace: { from: 'host', to: 'db:80', family: 6 },
    inject: 'ip6tables-nft -P INPUT DROP; ip6tables-nft -A INPUT -p ipv6-icmp -j ACCEPT',
    undo: 'nft delete table ip6 filter',
    code: 'foreign-policy',
    says: /^In host, .* drops the answer/,
  },
  {
    name: 'a rule spoils the checksum',
    trace: tcp,
    ...oddTable('inside $DB ', 'inet', 'filter hook input priority -300', 'tcp dport 80 tcp checksum set 0x1234'),
    code: 'checksum-wrong',
    says: /table inet odd, chain c/,
  },
  {
    name: 'a rule writes another port into the packet',
    trace: tcp6,
    ...oddTable('inside $DB ', 'inet', 'filter hook prerouting priority -400', 'tcp dport 80 tcp dport set 81'),
    code: 'rewritten',
    says: /tcp dport 80 tcp dport set 81/,
  },
  {
    name: 'a rule writes another address into the packet',
    trace: out,
    ...oddTable('', 'ip', 'filter hook prerouting priority -400', 'ip daddr 192.0.2.1 ip daddr set 192.0.2.199'),
    code: 'rewritten',
    says: /ip daddr 192\.0\.2\.1 ip daddr set 192\.0\.2\.199/,
  },
  {
    name: 'a rule sets the time to live by nft',
    trace: out,
    ...oddTable('', 'ip', 'filter hook prerouting priority -150', 'ip saddr 10.9.1.2 ip ttl set 1'),
    code: 'lifetime-too-short',
    says: /table ip odd, chain c/,
  },
  {
    name: 'a rule sends what comes by a cable to another interface',
    trace: out,
    ...oddTable('', 'netdev', 'filter hook ingress device "$WEB_LINK" priority 0', 'ip daddr 192.0.2.1 fwd to "lo"'),
    code: 'sent-aside',
    says: /is sent to lo, .*\(table netdev odd/,
  },
  {
    name: 'a filter of traffic control sends what comes by a cable to another interface, IPv6',
    trace: out6,
    inject: `tc qdisc add dev $WEB_LINK ingress
      tc filter add dev $WEB_LINK parent ffff: protocol ipv6 u32 match u32 0 0 action mirred egress redirect dev lo`,
    undo: 'tc qdisc del dev $WEB_LINK ingress',
    code: 'sent-aside',
    says: /mirred/,
  },
  {
    name: 'a proxy for handshakes answers in the place of a published port',
    trace: into,
    inject: `iptables-nft -t raw -A PREROUTING -p tcp --dport 8080 -j CT --notrack
      iptables-nft -A INPUT -p tcp --dport 8080 -j SYNPROXY --mss 1460`,
    undo: 'nft delete table ip raw; nft delete table ip filter',
    code: 'port-taken',
  },
  {
    name: 'nft redirects a published port',
    trace: into6,
    ...oddTable('', 'ip6', 'nat hook prerouting priority -150', 'tcp dport 8080 redirect to :9'),
    code: 'port-taken',
    says: /table ip6 odd, chain c/,
  },
  {
    name: 'a set has who asks from outside, as fail2ban does, IPv6',
    trace: into6,
    inject: `nft -f - <<NFT
table inet odd {
set bad { type ipv6_addr; flags timeout; elements = { 2001:db8::1 timeout 1h }
}
chain c { type filter hook forward priority 0;
ip6 saddr @bad drop
}
}
NFT`,
    undo: 'nft delete table inet odd',
    code: 'foreign-rule',
    says: /ip6 saddr @bad drop/,
  },
  {
    name: 'a quota is used up',
    trace: out,
    ...oddTable('', 'inet', 'filter hook forward priority 0', 'ip saddr 10.9.1.2 quota over 1 bytes counter drop'),
    code: 'foreign-rule',
    says: /ip saddr 10\.9\.1\.2 quota over 1 bytes counter drop/,
  },
  {
    name: 'too many connections are refused',
    trace: into,
    ...oddTable('', 'inet', 'filter hook forward priority 0', 'tcp dport 80 ct count over 0 reject with tcp reset'),
    code: 'foreign-reject',
    says: /tcp dport 80 ct count over 0 reject with tcp reset/,
  },
  {
    name: 'a route of the source prefers an address that nobody knows',
    trace: tcp,
    inject: `inside $WEB sh -c 'ip addr add 172.31.9.9/32 dev lo; ip route replace 10.9.1.0/24 dev eth0 src 172.31.9.9'`,
    undo: `inside $WEB sh -c 'ip route replace 10.9.1.0/24 dev eth0 src 10.9.1.2; ip addr del 172.31.9.9/32 dev lo'`,
    code: 'wrong-source',
  },
  {
    name: 'the source has another address that is preferred, IPv6',
    trace: out6,
    inject: `inside $WEB sh -c 'ip addr add 2001:db8:77::9/128 dev eth0 nodad; ip addr change fd00:9:1::2/64 dev eth0 preferred_lft 0'`,
    undo: `inside $WEB sh -c 'ip addr del 2001:db8:77::9/128 dev eth0; ip addr change fd00:9:1::2/64 dev eth0 preferred_lft forever'`,
    code: 'wrong-source',
    says: /2001:db8:77::9/,
  },
  {
    name: 'the source has the address of the destination, too',
    trace: tcp,
    inject: 'inside $WEB ip addr add 10.9.1.3/32 dev lo',
    undo: 'inside $WEB ip addr del 10.9.1.3/32 dev lo',
    code: 'port-taken',
    says: /web takes 10\.9\.1\.3 for an address of its own/,
  },
  {
    name: 'the destination is too narrow for IPv6',
    trace: tcp6,
    inject: 'inside $DB ip link set eth0 mtu 1200',
    undo: `inside $DB sh -c 'ip link set eth0 mtu 1500; ip addr add fd00:9:1::3/64 dev eth0 nodad; ip -6 route add default via fd00:9:1::1'; ${asked6}`,
    code: 'ipv6-off',
    says: /eth0 of db, .* 1200 bytes, and IPv6 needs 1280/,
  },
  {
    name: 'the bridge is too narrow for IPv6',
    trace: out6,
    inject: 'ip link set $APP mtu 1200',
    undo: 'ip link set $APP mtu 1500; ip addr add fd00:9:1::1/64 dev $APP nodad; inside $WEB busybox ping -6 -q -c1 -W3 fd00:9:1::1 >/dev/null',
    code: 'ipv6-off',
    says: /needs 1280/,
  },
  {
    name: 'the source is too narrow for IPv6',
    trace: tcp6,
    inject: 'inside $WEB ip link set eth0 mtu 1200',
    undo: `inside $WEB sh -c 'ip link set eth0 mtu 1500; ip addr add fd00:9:1::2/64 dev eth0 nodad; ip -6 route add default via fd00:9:1::1'; ${asked6}`,
    code: 'ipv6-off',
  },
  {
    name: 'the address of the destination was found to be a duplicate',
    trace: tcp6,
    inject: `inside $DB ip addr del fd00:9:1::3/64 dev eth0; inside $WEB ip addr add fd00:9:1::3/64 dev eth0 nodad
      inside $DB sysctl -qw net.ipv6.conf.eth0.accept_dad=1 net.ipv6.conf.eth0.dad_transmits=1
      inside $DB ip addr add fd00:9:1::3/64 dev eth0
      for i in $(seq 50); do inside $DB ip addr show dev eth0 | grep -q dadfailed && break; sleep 0.1; done
      inside $WEB ip addr del fd00:9:1::3/64 dev eth0`,
    undo: `inside $DB sh -c 'ip addr del fd00:9:1::3/64 dev eth0; ip addr add fd00:9:1::3/64 dev eth0 nodad; ip -6 route replace default via fd00:9:1::1'; ${asked6}`,
    code: 'address-unusable',
  },
  {
    name: 'the host has lost its route to the network',
    trace: into,
    inject: 'ip route del 10.9.1.0/24 dev $APP',
    undo: 'ip route add 10.9.1.0/24 dev $APP src 10.9.1.1',
    code: 'network-route-missing',
  },
  {
    name: 'the host has lost its route to the network, IPv6',
    trace: into6,
    inject: 'ip -6 route del fd00:9:1::/64 dev $APP',
    undo: 'ip -6 route add fd00:9:1::/64 dev $APP',
    code: 'network-route-missing',
  },
  {
    name: 'the local route of the gateway is gone',
    trace: { from: 'web', to: 'host' },
    inject: 'ip route del local 10.9.1.1 dev $APP table local',
    undo: 'ip route add local 10.9.1.1 dev $APP table local src 10.9.1.1',
    code: 'local-route-missing',
  },
  {
    name: 'a router outside has no route',
    trace: { from: 'web', to: '198.51.100.77' },
    code: 'refused-outside',
    says: /192\.0\.2\.1, on the way to 198\.51\.100\.77, answers with an error: network unreachable/,
  },
  {
    name: 'a router outside refuses, IPv6',
    trace: { from: 'web', to: '[2001:db8:77::1]:443' },
    code: 'refused-outside',
  },
  {
    name: 'no rule asks the main table of routes any more',
    trace: out,
    inject: 'ip rule del pref 32766',
    undo: 'ip rule add pref 32766 lookup main',
    code: 'no-route',
    says: /no rule of policy routing asks that table/,
  },
  {
    name: 'a rule of the source refuses what a user sends, IPv6',
    trace: tcp6,
    inject: 'inside $WEB ip -6 rule add uidrange 0-0 unreachable',
    undo: 'inside $WEB ip -6 rule del uidrange 0-0 unreachable',
    code: 'route-blocked',
    says: /a rule of policy routing refuses it before that \(preference \d+: unreachable\)/,
  },
];
