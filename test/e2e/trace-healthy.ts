import { oddButWhole } from './trace-held-out.ts';
import type { HealthyCase, TraceQuestion } from './trace-lab.ts';
import { oddAndWhole } from './trace-odd-whole.ts';
import { healthyTunnels } from './trace-tunnel-faults.ts';

const pairs: readonly (readonly [name: string, question: TraceQuestion])[] = [
  ['to another container', { from: 'web', to: 'db:80' }],
  ['to another container by ICMP', { from: 'web', to: 'db' }],
  ['to another container by a real connection', { from: 'web', to: 'db:80', connect: true }],
  ['to the container itself', { from: 'db', to: 'db:80' }],
  ['from the host to a container', { from: 'host', to: 'db:80' }],
  ['from the host to its own published port', { from: 'host', to: 'host:8080' }],
  ['from outside to a published port', { from: 'outside', to: 'host:8080' }],
  ['from outside to a container by its published port', { from: 'outside', to: 'db:80' }],
  ['from a container to a published port of another', { from: 'web', to: 'host:8080' }],
  ['from another network to a published port', { from: 'far', to: 'host:8080' }],
  ['from a container to its own published port', { from: 'db', to: 'host:8080' }],
  ['from a container to the outside', { from: 'web', to: 'outside' }],
  ['from the host to the outside', { from: 'host', to: 'outside' }],
  ['between containers of an internal network', { from: 'secret', to: 'secret:80' }],
];

const both: readonly HealthyCase[] = pairs.flatMap(([name, question]) =>
  [4, 6].map((family) => ({ name: `${name}, IPv${family}`, trace: { ...question, family } })),
);

function datagramServer(work: string): Pick<HealthyCase, 'inject' | 'undo'> {
  const socket = '$s = IO::Socket::INET->new(LocalPort => 5300, Proto => "udp");';
  return {
    inject: `inside $DB perl -MIO::Socket::INET -e '${socket} ${work}' </dev/null >/dev/null 2>&1 &\nsleep 0.2`,
    undo: 'kill $(inside $DB ss -Hlunp sport = :5300 | grep -o "pid=[0-9]*" | cut -d= -f2)',
  };
}

/** Every healthy case that is tried. */
export const healthyCases: readonly HealthyCase[] = [
  ...both,
  { name: 'on the default network by address', trace: { from: 'simple', to: '172.17.0.2:80' } },
  { name: 'by 127.0.0.1 on the host', trace: { from: 'host', to: '127.0.0.1:8081' } },
  { name: 'a large packet that fits', trace: { from: 'web', to: '192.0.2.1', size: 1500 } },
  {
    name: 'a datagram to a server that answers',
    trace: { from: 'web', to: 'db:5300', protocol: 'udp' },
    ...datagramServer('while ($s->recv($m, 100)) { $s->send($m) }'),
  },
  {
    name: 'a datagram to a server that does not answer',
    trace: { from: 'web', to: 'db:5300', protocol: 'udp' },
    ...datagramServer('sleep 100'),
  },
  {
    name: 'a firewall that drops other things',
    trace: { from: 'web', to: '192.0.2.1' },
    inject: 'iptables-nft -A FORWARD -p tcp --dport 25 -j DROP; iptables-nft -A FORWARD -s 198.51.100.0/24 -j REJECT',
    undo: 'nft delete table ip filter',
  },
  {
    name: 'a forward policy of drop with exceptions',
    trace: { from: 'web', to: '192.0.2.1' },
    inject:
      'iptables-nft -P FORWARD DROP; iptables-nft -A FORWARD -i $APP -j ACCEPT; iptables-nft -A FORWARD -o $APP -j ACCEPT',
    undo: 'nft delete table ip filter',
  },
  {
    name: 'bridged packets go through a firewall that lets them',
    trace: { from: 'web', to: 'db:80' },
    inject: 'sysctl -qw net.bridge.bridge-nf-call-iptables=1',
  },
  {
    name: 'the bridge has forgotten where the destination is, and floods',
    trace: { from: 'web', to: 'db:80' },
    inject: 'for link in $WEB_LINK $DB_LINK; do bridge fdb flush dev $link 2>/dev/null || true; done',
  },
  {
    name: 'strict reverse path filtering',
    trace: { from: 'web', to: '192.0.2.1' },
    inject: 'sysctl -qw net.ipv4.conf.all.rp_filter=1',
    undo: 'sysctl -qw net.ipv4.conf.all.rp_filter=0',
  },
  {
    name: 'a forgotten neighbour',
    trace: { from: 'web', to: 'db:80' },
    inject: 'inside $WEB ip neigh flush dev eth0',
  },
  {
    name: 'a table of somebody that logs and counts',
    trace: { from: 'outside', to: 'db:80' },
    inject:
      "nft 'add table inet counts; add chain inet counts f { type filter hook forward priority 5 ; policy accept ; }; add rule inet counts f counter'",
    undo: 'nft delete table inet counts',
  },
  {
    name: 'several networks',
    trace: { from: 'web', to: 'far:80' },
    inject: 'docker network connect other web',
    undo: 'docker network disconnect other web',
  },
  ...healthyTunnels,
  ...oddButWhole,
  ...oddAndWhole,
];
