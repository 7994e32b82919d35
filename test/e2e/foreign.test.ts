import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Kernel, Recorder } from '@fairlead/kernel';
import { Daemon, Host } from '@fairlead/lab';
import { runWebServer } from './web-server.ts';

/** What other tools have set up on the host stays as it is, through a whole life of the daemon. */

/**
 * Tables of an administrator and of iptables, policies that drop, a bridge with a port, routes, rules, namespaces. The
 * host forwards already: that one switch Fairlead would set, and the kernel has it for all interfaces alike.
 */
const foreign = `
nft -f - <<'NFT'
table inet administrator {
  set friends { type ipv4_addr; elements = { 192.0.2.1 } }
  chain input {
    type filter hook input priority 0; policy drop;
    iif "lo" accept; ip saddr @friends accept; ct state established accept;
  }
  chain forward { type filter hook forward priority 10; policy accept; iifname "demobr1" oifname "eth1" drop; }
}
table bridge shaping {
  chain forward { type filter hook forward priority 0; policy accept; ether type arp accept; }
}
table ip6 fair {
  chain c { counter; }
}
NFT
iptables -P FORWARD DROP
iptables -N DOCKER-USER
iptables -A FORWARD -j DOCKER-USER
iptables -A FORWARD -i docker0 -j ACCEPT
iptables -A FORWARD -o docker0 -j ACCEPT
iptables -A FORWARD -i br-+ -j ACCEPT
iptables -A FORWARD -o br-+ -j ACCEPT
iptables -t nat -A POSTROUTING -s 10.99.0.0/24 ! -o demobr1 -j MASQUERADE
ip link add demobr1 up address 02:00:00:00:00:03 type bridge
ip link add pair-a up address 02:00:00:00:00:04 master demobr1 type veth peer name pair-b address 02:00:00:00:00:05
ip link set pair-b up
ip addr add 172.16.0.1/24 dev demobr1
ip addr add 10.99.0.1/24 dev pair-b
ip route add 10.98.0.0/24 via 172.16.0.9
ip route add 10.97.0.0/24 dev demobr1 table 100
ip rule add from 172.16.0.0/24 lookup 100 priority 500
ip neigh add 172.16.0.9 lladdr 02:00:00:00:00:09 dev demobr1
bridge fdb add 02:00:00:00:00:09 dev pair-a master static
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
sysctl -qw net.ipv4.conf.demobr1.rp_filter=1 net.ipv4.conf.demobr1.proxy_arp=1 net.ipv6.conf.demobr1.accept_ra=2
ip netns add theirs
ip -n theirs link set lo up
`;

/** The same things as the tools show them; Fairlead's own are left out by their names alone. */
const look = `
nft -s list ruleset | awk '/^table (inet fairlead|ip6 fairlead-relay) /{skip=1} !skip{print} /^}/{skip=0}'
iptables-save | grep -v '^#' | sed 's/\\[[0-9:]*\\]//'
ip -d link show master demobr1; ip -d link show dev demobr1; ip -d link show dev pair-b
ip -o link | awk '{print $2}' | grep -vE '^(docker0|br-[0-9a-f]{12}|veth[0-9a-f]{11})[@:]'
for dev in demobr1 pair-a pair-b eth0 lo; do
  ip addr show dev $dev; grep -rs '' /proc/sys/net/ipv[46]/conf/$dev | sort
done
ip -4 route show table all | grep -vE 'docker0|br-'; ip -6 route show table all | grep -vE 'docker0|br-|veth'
ip rule; ip -6 rule; ip neigh show dev demobr1; bridge fdb show dev pair-a
ls /run/netns | grep -v '^fl-'
nsenter --net=/run/netns/theirs ip addr; nsenter --net=/run/netns/theirs nft list ruleset
`;

/** Timers of bridges run. */
async function foreignState(): Promise<string> {
  const text = await host.exec('bash', '-c', look);
  return text.replaceAll(
    /\b(hello_timer|gc_timer|tcn_timer|topology_change_timer|hold_timer|message_age_timer|forward_delay_timer) +\S+/g,
    '$1',
  );
}

let host: Host;

before(async () => {
  host = await Host.create({ kernel: new Kernel(new Recorder()) });
  await host.exec('bash', '-e', '-c', foreign);
  await settle();
});

after(() => host[Symbol.asyncDispose]());

/** Until the addresses of the foreign interfaces are no longer tentative. */
async function settle(): Promise<void> {
  await host.exec(
    'bash',
    '-c',
    'for i in $(seq 100); do ip addr | grep -q tentative || exit 0; sleep 0.05; done; exit 1',
  );
}

function linesNotIn(other: string, text: string, mark: string): string[] {
  const known = new Set(other.split('\n'));
  return text
    .split('\n')
    .filter((line) => !known.has(line))
    .map((line) => `${mark} ${line}`);
}

test('tables, policies, bridges, routes and namespaces of others are as before at every point of a life', async () => {
  const before = await foreignState();
  assert.match(before, /policy drop[\s\S]*:FORWARD DROP[\s\S]*demobr1[\s\S]*theirs/);
  await using daemon = await Daemon.fairlead(host);
  const same = async (when: string) => {
    const now = await foreignState();
    const changes = [...linesNotIn(now, before, '-'), ...linesNotIn(before, now, '+')];
    assert.equal(now, before, [when, ...changes].join('\n'));
  };
  await same('after the start');

  await daemon.loadBusybox({ files: { '/var/www/index.html': 'it works\n' } });
  await daemon.docker('network', 'create', '--ipv6', 'app');
  await runWebServer(daemon, 'web', '-p', '8080:80');
  await daemon.docker('run', '-d', '--name', 'other', '--network', 'app', '-p', '8081:80', 'busybox', 'sleep', '1000');
  await daemon.docker('network', 'connect', 'app', 'web');
  await same('while containers run');
  const url = `http://${host.addresses.host.ipv4}:8080/`;
  assert.equal(await host.outside.exec('busybox', 'wget', '-qO-', url), 'it works\n');

  await daemon.kill9();
  await same('while the daemon is dead');
  await daemon.restart();
  await same('after the next start');
  await daemon.docker('rm', '-f', 'web', 'other');
  await daemon.docker('network', 'rm', 'app');
  await same('after everything was removed');
  await daemon.stop();
  await same('after the end');
});

test('a policy of the host that drops what is forwarded is neither lifted nor bypassed', async () => {
  await using daemon = await Daemon.fairlead(host);
  await runWebServer(daemon, 'late', '-p', '8082:80');
  const url = `http://${host.addresses.host.ipv4}:8082/`;
  const fetch = () => host.outside.run(['timeout', '2', 'busybox', 'wget', '-qO-', url]);
  assert.equal((await fetch()).stdout, 'it works\n');
  await host.exec('iptables', '-D', 'FORWARD', '-o', 'docker0', '-j', 'ACCEPT');
  assert.notEqual((await fetch()).code, 0);
  await daemon.docker('rm', '-f', 'late');
});
