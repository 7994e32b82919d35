import { causeFaults } from './trace-cause-faults.ts';
import { heldOutFaults } from './trace-held-out.ts';
import { asked6 } from './trace-injections.ts';
import type { Fault } from './trace-lab.ts';
import { linkFaults } from './trace-link-faults.ts';
import { oddFaults } from './trace-odd-faults.ts';
import { programFaults } from './trace-program-faults.ts';
import { tunnelFaults } from './trace-tunnel-faults.ts';
import { wayFaults } from './trace-way-faults.ts';

const tcp = { from: 'web', to: 'db:80' };
const tcp6 = { ...tcp, family: 6 };
const out = { from: 'web', to: '192.0.2.1' };
const out6 = { from: 'web', to: '2001:db8::1' };
const incoming = { from: 'outside', to: 'db:80' };

/** Adds and removes a table of somebody else. */
function table(family: string, chain: string): Pick<Fault, 'inject' | 'undo'> {
  const inject = `nft -f - <<'NFT'\ntable ${family} mine {\n${chain}\n}\nNFT`;
  return { inject, undo: `nft delete table ${family} mine` };
}

const forward = (rules: string, policy = 'accept') =>
  `chain forward { type filter hook forward priority 10; policy ${policy};\n${rules}\n}`;

/** Every fault that is tried. */
export const faults: readonly Fault[] = [
  { name: 'nobody listens on the port', trace: { from: 'web', to: 'db:81' }, code: 'nobody-listens' },
  { name: 'nobody listens on the port, IPv6', trace: { from: 'web', to: 'db:81', family: 6 }, code: 'nobody-listens' },
  {
    name: 'nobody listens for datagrams',
    trace: { from: 'web', to: 'db:80', protocol: 'udp' },
    code: 'nobody-listens',
  },
  {
    name: 'the server listens on loopback only',
    trace: { from: 'web', to: 'db:90' },
    inject: 'inside $DB busybox httpd -p 127.0.0.1:90 -h /etc',
    undo: 'fuser -k -n tcp 90 || kill $(inside $DB ss -Hltnp sport = :90 | grep -o "pid=[0-9]*" | cut -d= -f2)',
    code: 'listens-on-loopback',
  },
  {
    name: 'the server listens on the other family only',
    trace: { from: 'web', to: 'db:91', family: 6 },
    inject: 'inside $DB busybox httpd -p 0.0.0.0:91 -h /etc',
    undo: 'kill $(inside $DB ss -Hltnp sport = :91 | grep -o "pid=[0-9]*" | cut -d= -f2)',
    code: 'listens-on-other-family',
  },
  {
    name: 'a rule of somebody else drops what is forwarded',
    trace: out,
    ...table('inet', forward('ip saddr 10.9.1.0/24 counter drop')),
    code: 'foreign-rule',
    heals: 1,
  },
  {
    name: 'a rule of somebody else drops what is forwarded, IPv6',
    trace: out6,
    ...table('inet', forward('ip6 saddr fd00:9:1::/64 counter drop')),
    code: 'foreign-rule',
    heals: 1,
  },
  {
    name: 'the policy of somebody else drops what is forwarded',
    trace: out,
    ...table('ip', forward('', 'drop')),
    code: 'foreign-policy',
    heals: 1,
  },
  {
    name: 'the policy of somebody else drops what is forwarded, IPv6',
    trace: out6,
    ...table('ip6', forward('', 'drop')),
    code: 'foreign-policy',
    heals: 1,
  },
  {
    name: 'iptables forbids forwarding',
    trace: out,
    inject: 'iptables-nft -P FORWARD DROP',
    undo: 'iptables-nft -P FORWARD ACCEPT; nft delete table ip filter',
    code: 'foreign-policy',
    heals: 1,
  },
  {
    name: 'a rule of iptables drops what is forwarded',
    trace: incoming,
    inject: 'iptables-nft -A FORWARD -p tcp --dport 80 -j DROP',
    undo: 'nft delete table ip filter',
    code: 'foreign-rule',
    heals: 1,
  },
  {
    name: 'a rule of iptables rejects',
    trace: { from: 'web', to: '192.0.2.1:25' },
    inject: 'iptables-nft -A FORWARD -p tcp --dport 25 -j REJECT',
    undo: 'nft delete table ip filter',
    code: 'foreign-reject',
  },
  {
    name: 'a rule rejects with a reset',
    trace: { from: 'web', to: '192.0.2.1:25' },
    ...table('inet', forward('tcp dport 25 reject with tcp reset')),
    code: 'foreign-reject',
  },
  {
    name: 'the older iptables drops what is forwarded',
    trace: out,
    inject: 'iptables-legacy -A FORWARD -s 10.9.1.0/24 -j DROP',
    undo: 'iptables-legacy -D FORWARD -s 10.9.1.0/24 -j DROP',
    code: 'legacy-iptables',
  },
  {
    name: 'a rule of the older iptables keeps containers from the host',
    trace: { from: 'web', to: 'host:9090' },
    inject: 'iptables-legacy -A INPUT -s 10.9.1.0/24 -p tcp -j DROP; iptables-legacy -A FORWARD -p tcp -j DROP',
    undo: 'iptables-legacy -D INPUT -s 10.9.1.0/24 -p tcp -j DROP; iptables-legacy -D FORWARD -p tcp -j DROP',
    code: 'legacy-iptables',
    says: /table filter, chain INPUT: -s 10\.9\.1\.0\/24 -p tcp -j DROP/,
  },
  {
    name: 'a chain of somebody in the older iptables rejects',
    trace: { from: 'web', to: '[2001:db8::1]:25' },
    inject: 'ip6tables-legacy -N mine; ip6tables-legacy -A FORWARD -j mine; ip6tables-legacy -A mine -p tcp -j REJECT',
    undo: 'ip6tables-legacy -F mine; ip6tables-legacy -D FORWARD -j mine; ip6tables-legacy -X mine',
    code: 'legacy-iptables',
    says: /chain mine, which FORWARD leads to: -p tcp -j REJECT/,
  },
  {
    name: 'a container drops by the older iptables what it sends itself',
    trace: { from: 'web', to: '10.9.1.3:80' },
    inject: 'inside $WEB iptables-legacy -P OUTPUT DROP',
    undo: 'inside $WEB iptables-legacy -P OUTPUT ACCEPT',
    code: 'legacy-iptables',
    says: /^In web, .* chain OUTPUT: policy DROP/,
  },
  {
    name: 'a rule on the way in drops what is for a published port',
    trace: incoming,
    ...table('inet', 'chain pre { type filter hook prerouting priority -350; policy accept;\ntcp dport 8080 drop\n}'),
    code: 'foreign-rule',
    heals: 1,
  },
  {
    name: 'a rule of the bridge drops',
    trace: tcp,
    ...table('bridge', 'chain f { type filter hook forward priority 0; policy accept;\nip protocol tcp drop\n}'),
    code: 'foreign-rule',
  },
  {
    name: 'a rule of the bridge drops, IPv6',
    trace: tcp6,
    ...table(
      'bridge',
      'chain f { type filter hook forward priority 0; policy accept;\nether type ip6 tcp dport 80 drop\n}',
    ),
    code: 'foreign-rule',
    heals: 1,
  },
  {
    name: 'a rule on the interface drops',
    trace: tcp,
    inject: `nft -f - <<NFT
table netdev mine {
chain i { type filter hook ingress device "$WEB_LINK" priority 0; policy accept;
ip protocol tcp drop
}
}
NFT`,
    undo: 'nft delete table netdev mine',
    code: 'foreign-rule',
  },
  {
    name: 'the container drops what it sends itself',
    trace: tcp,
    inject: `inside $WEB nft -f - <<'NFT'
table inet own {
chain o { type filter hook output priority 0; policy accept;
tcp dport 80 drop
}
}
NFT`,
    undo: 'inside $WEB nft delete table inet own',
    code: 'foreign-rule',
    heals: 1,
  },
  {
    name: 'the destination drops what comes in',
    trace: tcp,
    inject: `inside $DB nft -f - <<'NFT'
table inet own {
chain i { type filter hook input priority 0; policy drop; }
}
NFT`,
    undo: 'inside $DB nft delete table inet own',
    code: 'foreign-policy',
    heals: 1,
  },
  {
    name: 'the destination drops its answer',
    trace: tcp,
    inject: `inside $DB nft -f - <<'NFT'
table inet own {
chain o { type filter hook output priority 0; policy accept;
tcp sport 80 drop
}
}
NFT`,
    undo: 'inside $DB nft delete table inet own',
    code: 'foreign-rule',
    heals: 1,
  },
  {
    name: 'bridged packets go through the firewall, which drops them',
    trace: tcp,
    inject: 'sysctl -qw net.bridge.bridge-nf-call-iptables=1; iptables-nft -P FORWARD DROP',
    undo: 'sysctl -qw net.bridge.bridge-nf-call-iptables=0; nft delete table ip filter',
    code: 'bridge-firewall',
    heals: 1,
  },
  {
    name: 'bridged packets go through the firewall, which drops them, IPv6',
    trace: tcp6,
    // Who does not know his neighbour any more is kept from asking, too, which is another cause.
    inject: `${asked6}; sysctl -qw net.bridge.bridge-nf-call-ip6tables=1; ip6tables-nft -P FORWARD DROP`,
    undo: 'sysctl -qw net.bridge.bridge-nf-call-ip6tables=0; nft delete table ip6 filter',
    code: 'bridge-firewall',
    heals: 1,
  },
  { name: 'two networks are kept apart', trace: { from: 'web', to: '10.9.2.2:80' }, code: 'networks-apart' },
  { name: 'two networks are kept apart, IPv6', trace: { from: 'web', to: '[fd00:9:2::2]:80' }, code: 'networks-apart' },
  { name: 'an internal network has no way out', trace: { from: 'secret', to: '192.0.2.1' }, code: 'internal-network' },
  {
    name: 'an internal network has no way out, IPv6',
    trace: { from: 'secret', to: '2001:db8::1' },
    code: 'internal-network',
  },
  {
    name: 'an internal network lets nothing in',
    trace: { from: 'outside', to: 'secret:80' },
    code: 'internal-network',
  },
  { name: 'containers of a network may not talk', trace: { from: 'calm', to: 'still:80' }, code: 'icc-off' },
  {
    name: 'containers of a network may not talk, IPv6',
    trace: { from: 'calm', to: 'still:80', family: 6 },
    code: 'icc-off',
  },
  { name: 'a port is not published', trace: { from: 'outside', to: 'far:80' }, code: 'not-published' },
  { name: 'a port is not published, IPv6', trace: { from: 'outside', to: 'far:80', family: 6 }, code: 'not-published' },
  {
    name: 'a port is published on loopback only',
    trace: { from: 'outside', to: 'host:8081' },
    code: 'published-elsewhere',
  },
  { name: 'nothing is published on the port', trace: { from: 'outside', to: 'host:8099' }, code: 'nobody-listens' },
  {
    name: 'forwarding is off',
    trace: out,
    inject: 'sysctl -qw net.ipv4.ip_forward=0',
    undo: 'sysctl -qw net.ipv4.ip_forward=1',
    code: 'forwarding-off',
    heals: 1,
  },
  {
    name: 'forwarding is off, IPv6',
    trace: out6,
    inject: 'sysctl -qw net.ipv6.conf.all.forwarding=0',
    undo: 'sysctl -qw net.ipv6.conf.all.forwarding=1; ip -6 route replace default via 2001:db8::1',
    code: 'forwarding-off',
    heals: 1,
  },
  {
    name: 'forwarding of one bridge is off',
    trace: out,
    inject: 'sysctl -qw net.ipv4.conf.$APP.forwarding=0',
    undo: 'sysctl -qw net.ipv4.conf.$APP.forwarding=1',
    code: 'forwarding-off',
    heals: 1,
  },
  {
    name: 'the host has no default route',
    trace: { from: 'web', to: '203.0.113.9' },
    inject: 'ip route del default',
    undo: 'ip route add default via 192.0.2.1',
    code: 'no-route',
  },
  {
    name: 'the host has no default route, IPv6',
    trace: { from: 'web', to: '2001:db8:1::9' },
    inject: 'ip -6 route del default',
    undo: 'ip -6 route add default via 2001:db8::1',
    code: 'no-route',
  },
  {
    name: 'a blackhole route swallows it',
    trace: { from: 'web', to: '203.0.113.9' },
    inject: 'ip route add blackhole 203.0.113.0/24',
    undo: 'ip route del blackhole 203.0.113.0/24',
    code: 'route-blocked',
  },
  {
    name: 'a prohibiting route refuses it, IPv6',
    trace: { from: 'web', to: '2001:db8:1::9' },
    inject: 'ip -6 route add prohibit 2001:db8:1::/48',
    undo: 'ip -6 route del prohibit 2001:db8:1::/48',
    code: 'route-blocked',
  },
  {
    name: 'a policy rule refuses it',
    trace: out,
    inject: 'ip rule add from 10.9.1.0/24 prohibit',
    undo: 'ip rule del from 10.9.1.0/24 prohibit',
    code: 'route-blocked',
  },
  {
    name: 'the subnet is routed elsewhere, as by a VPN',
    trace: incoming,
    inject:
      'ip link add vpn0 type veth peer name vpn1; ip link set vpn0 up; ip link set vpn1 up; ip route add 10.9.1.0/25 dev vpn0',
    undo: 'ip link del vpn0',
    code: 'route-elsewhere',
  },
  {
    name: 'reverse path filtering drops it',
    trace: { from: '198.51.100.7', to: 'host:8080' },
    inject:
      'ip link add vpn0 type veth peer name vpn1; ip link set vpn0 up; ip link set vpn1 up; ip route add 198.51.100.0/24 dev vpn0; sysctl -qw net.ipv4.conf.eth0.rp_filter=1',
    undo: 'sysctl -qw net.ipv4.conf.eth0.rp_filter=0; ip link del vpn0',
    code: 'reverse-path',
  },
  {
    name: 'an address of loopback comes in by the wire',
    trace: { from: '127.0.0.5', to: 'host:8080' },
    code: 'martian',
  },
  ...linkFaults,
  ...oddFaults,
  ...causeFaults,
  ...tunnelFaults,
  ...heldOutFaults,
  ...programFaults,
  ...wayFaults,
];
