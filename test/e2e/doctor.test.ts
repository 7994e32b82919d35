import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { type DoctorAnswer, type Fault, TraceLab } from './trace-lab.ts';

/** `fairlead doctor` on a healthy host, on hosts that look odd but work, and on broken ones. */

const fairlead = resolve(import.meta.dirname, '../../fairlead');
let lab: TraceLab;
let nameServer: ChildProcess;

before(async () => {
  lab = await TraceLab.start();
  // Says NXDOMAIN to everything, which is an answer.
  const answer = 'substr($m, 0, 2) . "\\x81\\x83" . substr($m, 4, 4) . "\\0\\0\\0\\0" . substr($m, 12)';
  const server = '$s = IO::Socket::INET->new(LocalPort => 53, Proto => "udp"); syswrite STDOUT, "ready"; ';
  const script = `${server} while ($s->recv($m, 512)) { $s->send(${answer}) }`;
  nameServer = lab.host.outside.start(['perl', '-MIO::Socket::INET', '-e', script]);
  await new Promise((done) => nameServer.stdout?.once('data', done));
});

after(async () => {
  nameServer?.kill();
  await lab?.[Symbol.asyncDispose]();
});

async function whileBroken<T>(fault: Pick<Fault, 'inject' | 'undo'>, work: () => Promise<T>): Promise<T> {
  try {
    if (fault.inject !== undefined) await lab.shell(fault.inject);
    return await work();
  } finally {
    if (fault.undo !== undefined) await lab.shell(fault.undo);
  }
}

function trouble({ findings }: DoctorAnswer): string[] {
  return findings.filter(({ severity }) => severity !== 'note').map(({ code }) => code);
}

test('a healthy host has no findings, and that is proved by packets', async () => {
  const report = await lab.examine();
  assert.deepEqual(trouble(report), [], JSON.stringify(report.findings, undefined, 2));
  assert.ok(report.probes >= 15, `${report.probes} packets`);
  assert.ok(report.passed.length >= 12);
});

const odd: readonly Pick<Fault, 'name' | 'inject' | 'undo'>[] = [
  {
    name: 'a forward policy of drop with exceptions for the networks',
    inject:
      'sysctl -qw net.bridge.bridge-nf-call-iptables=0; iptables-nft -P FORWARD DROP; iptables-nft -A FORWARD -i br-+ -j ACCEPT; iptables-nft -A FORWARD -o br-+ -j ACCEPT; iptables-nft -A FORWARD -i docker0 -j ACCEPT; iptables-nft -A FORWARD -o docker0 -j ACCEPT',
    undo: 'nft delete table ip filter',
  },
  {
    name: 'a firewall that keeps strangers out of the host',
    inject:
      'iptables-nft -A INPUT -i eth0 -p tcp --dport 22 -j DROP; iptables-nft -A FORWARD -s 198.51.100.0/24 -j DROP',
    undo: 'nft delete table ip filter',
  },
  {
    name: 'a VPN for other addresses',
    inject: 'ip link add vpn0 type veth peer name vpn1; ip link set vpn0 up; ip route add 10.77.0.0/16 dev vpn0',
    undo: 'ip link del vpn0',
  },
  { name: 'a container that is paused', inject: 'docker pause web', undo: 'docker unpause web' },
  {
    name: 'a container that uses the network of another',
    inject: 'docker run -d --name joiner --network container:web busybox sleep 1000',
    undo: 'docker rm -f joiner',
  },
  { name: 'a container that has ended', inject: 'docker stop -t 0 simple', undo: 'docker start simple' },
  {
    name: 'loose reverse path filtering',
    inject: 'sysctl -qw net.ipv4.conf.all.rp_filter=2',
    undo: 'sysctl -qw net.ipv4.conf.all.rp_filter=0',
  },
  {
    name: 'a range of ports of which not all are in use',
    inject: 'docker run -d --name ranged --network other -p 8090-8092:80-82 busybox busybox httpd -f -h /etc',
    undo: 'docker rm -f ranged',
  },
  {
    name: 'a rule of one’s own about who may ask for a port',
    inject:
      "nft 'add table inet fairlead-user; add chain inet fairlead-user p { type filter hook prerouting priority -150 ; }; add rule inet fairlead-user p fib daddr type local tcp dport 8080 ip saddr != 192.0.2.77 counter drop'",
    undo: 'nft delete table inet fairlead-user',
  },
  {
    name: 'a container that keeps others from a port',
    inject:
      'docker exec db busybox httpd -p 9000 -h /etc; inside $DB iptables-nft -A INPUT -p tcp --dport 9000 -j DROP',
    undo: "inside $DB nft delete table ip filter; docker top db -eo pid,args | awk '/httpd -p 9000/ { print $1 }' | xargs kill",
  },
  {
    name: 'a tracing table of somebody',
    inject:
      "nft 'add table inet counts; add chain inet counts f { type filter hook forward priority 5 ; policy accept ; }'",
    undo: 'nft delete table inet counts',
  },
];

for (const healthy of odd) {
  test(`there is no false alarm about ${healthy.name}`, async () => {
    const report = await whileBroken(healthy, () => lab.examine());
    assert.deepEqual(trouble(report), [], JSON.stringify(report.findings, undefined, 2));
  });
}

test('there is no false alarm about a gateway that takes no connections', async () => {
  const { outside } = lab.host;
  const rule = ['-A', 'INPUT', '-p', 'tcp', '-j', 'REJECT', '--reject-with', 'icmp-admin-prohibited'];
  await outside.exec('iptables-nft', ...rule);
  try {
    const report = await lab.examine();
    assert.deepEqual(trouble(report), [], JSON.stringify(report.findings, undefined, 2));
  } finally {
    await outside.exec('nft', 'delete', 'table', 'ip', 'filter');
  }
});

/** What is broken, the code of the finding, and a container that it has to name, perhaps no other. */
const faults: readonly (Pick<Fault, 'name' | 'inject' | 'undo' | 'code'> & {
  readonly affects?: string;
  readonly only?: true;
})[] = [
  {
    name: 'forwarding is off',
    inject: 'sysctl -qw net.ipv4.ip_forward=0',
    undo: 'sysctl -qw net.ipv4.ip_forward=1',
    code: 'forwarding-off',
    affects: 'web',
  },
  {
    name: 'forwarding is off, IPv6',
    inject: 'sysctl -qw net.ipv6.conf.all.forwarding=0',
    undo: 'sysctl -qw net.ipv6.conf.all.forwarding=1; ip -6 route replace default via 2001:db8::1',
    code: 'forwarding-off',
    affects: 'web',
  },
  {
    name: 'forwarding of one bridge is off',
    inject: 'sysctl -qw net.ipv4.conf.$OTHER.forwarding=0',
    undo: 'sysctl -qw net.ipv4.conf.$OTHER.forwarding=1',
    code: 'forwarding-off',
    affects: 'far',
  },
  {
    name: 'iptables forbids forwarding',
    inject: 'sysctl -qw net.bridge.bridge-nf-call-iptables=0; iptables-nft -P FORWARD DROP',
    undo: 'nft delete table ip filter',
    code: 'foreign-policy',
    affects: 'db',
  },
  {
    name: 'ip6tables forbids forwarding',
    inject: 'sysctl -qw net.bridge.bridge-nf-call-ip6tables=0; ip6tables-nft -P FORWARD DROP',
    undo: 'nft delete table ip6 filter',
    code: 'foreign-policy',
    affects: 'db',
  },
  {
    name: 'bridged packets go through a firewall that drops them',
    inject:
      'sysctl -qw net.bridge.bridge-nf-call-iptables=1; iptables-nft -P FORWARD DROP; iptables-nft -A FORWARD -i eth0 -j ACCEPT; iptables-nft -A FORWARD -o eth0 -j ACCEPT',
    undo: 'sysctl -qw net.bridge.bridge-nf-call-iptables=0; nft delete table ip filter',
    code: 'bridge-firewall',
    affects: 'web',
  },
  {
    name: 'the older iptables drops',
    inject: 'iptables-legacy -I FORWARD -d 10.9.1.0/24 -p tcp -j DROP',
    undo: 'iptables-legacy -D FORWARD -d 10.9.1.0/24 -p tcp -j DROP',
    code: 'legacy-iptables',
    affects: 'db',
  },
  {
    name: 'somebody redirects a published port',
    inject:
      "nft 'add table ip thief; add chain ip thief p { type nat hook prerouting priority -110 ; }; add rule ip thief p tcp dport 8080 redirect to :22'; busybox httpd -p 22 -h /etc",
    undo: 'nft delete table ip thief; kill $(ss -Hltnp sport = :22 | grep -o "pid=[0-9]*" | cut -d= -f2)',
    code: 'port-taken',
    affects: 'db',
  },
  {
    name: 'the server behind a published port is gone',
    inject:
      'docker kill -s STOP db; docker exec db true; true; inside $DB nft -f - <<NFT\ntable inet own { chain i { type filter hook input priority 0; policy accept; tcp dport 80 reject with tcp reset\n }\n }\nNFT',
    undo: 'docker kill -s CONT db; inside $DB nft delete table inet own',
    code: 'foreign-reject',
    affects: 'db',
  },
  {
    name: 'the way out takes smaller packets only',
    inject: 'ip link set eth0 mtu 1400',
    undo: 'ip link set eth0 mtu 1500',
    code: 'mtu',
    affects: 'web',
  },
  {
    name: 'a VPN has a network’s addresses',
    inject: 'ip link add vpn0 type veth peer name vpn1; ip link set vpn0 up; ip route add 10.9.2.0/25 dev vpn0',
    undo: 'ip link del vpn0',
    code: 'subnet-overlap',
    affects: 'far',
  },
  {
    name: 'a VPN has a wide prefix around a network, IPv6',
    inject: 'ip link add vpn0 type veth peer name vpn1; ip link set vpn0 up; ip -6 route add fd00:9::/32 dev vpn0',
    undo: 'ip link del vpn0',
    code: 'subnet-overlap',
    affects: 'far',
  },
  {
    name: 'a container’s interface is down',
    inject: 'inside $FAR ip link set eth0 down',
    undo: 'docker restart -t 0 far',
    code: 'interface-down',
    affects: 'far',
  },
  {
    name: 'a bridge is down',
    inject: 'ip link set $OTHER down',
    undo: 'ip link set $OTHER up; ip -6 addr replace fd00:9:2::1/64 dev $OTHER nodad',
    code: 'interface-down',
    affects: 'far',
  },
  {
    name: 'a cable is off its bridge',
    inject: 'ip link set $DB_LINK nomaster',
    undo: 'ip link set $DB_LINK master $APP',
    code: 'off-the-bridge',
    affects: 'db',
  },
  {
    name: 'a container has lost its address',
    inject: 'inside $DB ip addr del 10.9.1.3/24 dev eth0',
    undo: 'inside $DB ip addr add 10.9.1.3/24 dev eth0; inside $DB ip route add default via 10.9.1.1',
    code: 'address-missing',
    affects: 'db',
  },
  {
    name: 'the name server does not answer',
    inject: 'cp /etc/resolv.conf /run/resolv.keep; echo nameserver 192.0.2.99 >/etc/resolv.conf',
    undo: 'cat /run/resolv.keep >/etc/resolv.conf',
    code: 'name-server-silent',
    affects: 'web',
  },
  {
    name: 'the host asks a container for names',
    inject: 'cp /etc/resolv.conf /run/resolv.keep; echo nameserver 10.9.1.3 >>/etc/resolv.conf',
    undo: 'cat /run/resolv.keep >/etc/resolv.conf',
    code: 'name-server-loop',
    affects: 'web',
  },
  {
    name: 'a namespace was left behind',
    inject: 'ip netns add fl-forgotten',
    undo: 'ip netns del fl-forgotten',
    code: 'stale-namespace',
  },
  {
    name: 'a cable was left behind',
    inject: 'ip link add vethlost type veth peer name vethlostp; ip link set vethlost alias "fairlead forgotten"',
    undo: 'ip link del vethlost',
    code: 'stale-interface',
  },
  {
    name: 'the host has no default route',
    inject: 'ip route del default',
    undo: 'ip route add default via 192.0.2.1',
    code: 'no-default-route',
    affects: 'web',
  },
  {
    name: 'a blackhole route covers the gateway',
    inject: 'ip route add prohibit 192.0.2.1/32',
    undo: 'ip route del prohibit 192.0.2.1/32',
    code: 'route-blocked',
    affects: 'web',
  },
  {
    name: 'a container cannot ask for names',
    inject: 'inside $FAR ip link set lo down',
    undo: 'inside $FAR ip link set lo up',
    code: 'name-service-broken',
    affects: 'far',
  },
  {
    name: 'one container has lost its default route',
    inject: 'inside $DB ip route del default',
    undo: 'inside $DB ip route add default via 10.9.1.1',
    code: 'no-source-route',
    affects: 'db',
    only: true,
  },
  {
    name: 'a firewall of its own keeps one container in',
    inject:
      "inside $STILL nft 'add table inet own; add chain inet own o { type filter hook output priority 0; policy drop; }'",
    undo: 'inside $STILL nft delete table inet own',
    code: 'foreign-policy',
    affects: 'still',
    only: true,
  },
  {
    name: 'a container’s hosts file has an old address of another one',
    inject: 'docker exec web sh -c "echo 10.9.1.77 db >>/etc/hosts"',
    undo: 'docker exec web sh -c "grep -v 10.9.1.77 /etc/hosts >/tmp/h; cat /tmp/h >/etc/hosts"',
    code: 'stale-name',
    affects: 'web',
    only: true,
  },
  {
    name: 'a container has the address of the gateway as well, which nobody notices yet',
    inject: 'inside $DB ip address add 10.9.1.1/24 dev eth0',
    undo: 'inside $DB ip address del 10.9.1.1/24 dev eth0',
    code: 'address-contested',
    affects: 'web',
  },
  {
    name: 'a container has the address of the gateway as well, IPv6',
    inject: 'inside $DB ip address add fd00:9:1::1/64 dev eth0 nodad',
    undo: 'inside $DB ip address del fd00:9:1::1/64 dev eth0',
    code: 'address-contested',
    affects: 'web',
  },
  {
    name: 'a port of the bridge keeps back questions, which nobody notices yet',
    inject: 'bridge link set dev $DB_LINK mcast_flood off',
    undo: 'bridge link set dev $DB_LINK mcast_flood on',
    code: 'neighbor-silent',
    affects: 'db',
  },
  {
    name: 'a rule stops what a container is trying to reach',
    inject:
      'ip route add blackhole 2001:db8:9::/64; inside $WEB sh -c "timeout 20 busybox nc 2001:db8:9::1 80 </dev/null >/dev/null 2>&1 &"; for i in $(seq 50); do inside $WEB ss -Htn state syn-sent | grep -q . && break; sleep 0.1; done',
    undo: 'ip route del blackhole 2001:db8:9::/64',
    code: 'route-blocked',
    affects: 'web',
  },
  {
    name: 'a rule stops a port of a neighbour that nobody asks for meanwhile',
    inject:
      "docker exec db busybox httpd -p 5432 -h /etc; nft 'add table bridge mine; add chain bridge mine f { type filter hook forward priority 0 ; }; add rule bridge mine f tcp dport 5432 drop'",
    undo: "nft delete table bridge mine; docker top db -eo pid,args | awk '/httpd -p 5432/ { print $1 }' | xargs kill",
    code: 'foreign-rule',
    affects: 'db',
  },
  {
    name: 'a rule keeps containers from one port of the outside',
    inject: 'iptables-nft -I FORWARD -i br-+ -p tcp --dport 443 -j REJECT',
    undo: 'nft delete table ip filter',
    code: 'foreign-reject',
    affects: 'web',
  },
  {
    name: 'a rule keeps containers from one port of the outside, IPv6',
    inject: 'ip6tables-nft -I FORWARD -i br-+ -p tcp --dport 443 -j DROP',
    undo: 'nft delete table ip6 filter',
    code: 'foreign-rule',
    affects: 'web',
  },
  {
    name: 'a rule stops one port of a published range',
    inject:
      "docker run -d --name ranged --network other -p 8090-8092:80-82 busybox busybox httpd -f -h /etc; nft 'add table inet mine; add chain inet mine p { type filter hook prerouting priority -250 ; }; add rule inet mine p tcp dport 8092 drop'",
    undo: 'nft delete table inet mine; docker rm -f ranged',
    code: 'foreign-rule',
    affects: 'ranged',
    only: true,
  },
  {
    name: 'a rule keeps the host from a port that is published for it alone',
    inject: 'iptables-nft -I OUTPUT -d 10.9.1.0/24 -p tcp --dport 80 -j DROP',
    undo: 'nft delete table ip filter',
    code: 'foreign-rule',
    affects: 'db',
  },
  {
    name: 'one container sends by way of another, IPv6',
    inject: 'inside $DB ip -6 route replace default via fd00:9:1::2',
    undo: 'inside $DB ip -6 route replace default via fd00:9:1::1',
    code: 'wrong-next-hop',
    affects: 'db',
    only: true,
  },
];

for (const fault of faults) {
  test(`the doctor finds that ${fault.name}`, async () => {
    const report = await whileBroken(fault, () => lab.examine());
    const found = report.findings.filter(({ code }) => code === fault.code);
    assert.ok(found.length > 0, JSON.stringify(report.findings, undefined, 2));
    assert.ok(
      found.every(({ evidence }) => evidence.length > 0),
      'nothing is claimed without evidence',
    );
    const affected = found.flatMap(({ affects }) => affects);
    if (fault.affects !== undefined) assert.ok(affected.includes(fault.affects), affected.join(', '));
    if (fault.only) assert.deepEqual(affected, [fault.affects]);
  });
}

test('afterwards the host is healthy again', async () => {
  const report = await lab.examine();
  assert.deepEqual(trouble(report), [], JSON.stringify(report.findings, undefined, 2));
});

test('the command says in its exit code how bad it is', async () => {
  const run = async (...words: string[]) =>
    lab.host.run([fairlead, ...words], { env: { DOCKER_HOST: lab.daemon.address } });
  const healthy = await run('doctor');
  assert.equal(healthy.code, 0, healthy.stdout + healthy.stderr);
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/doctor.md'), 'utf8');
  const shown = /\$ fairlead doctor\n(✓.*\n.*\n)/.exec(page)?.[1];
  const withoutFigures = (text: string | undefined) => text?.replaceAll(/\d+/g, 'N');
  assert.equal(withoutFigures(shown), withoutFigures(healthy.stdout), 'docs/doctor.md shows what the command says');
  const warned = await whileBroken({ inject: 'ip netns add fl-forgotten', undo: 'ip netns del fl-forgotten' }, () =>
    run('system', 'doctor'),
  );
  assert.equal(warned.code, 2, warned.stdout);
  assert.match(warned.stdout, /^! stale-namespace: .*\n {2}seen namespace fl-forgotten/m);
  const broken = await whileBroken(
    { inject: 'sysctl -qw net.ipv4.ip_forward=0', undo: 'sysctl -qw net.ipv4.ip_forward=1' },
    () => run('doctor', '--json'),
  );
  assert.equal(broken.code, 3, broken.stdout);
  assert.equal(JSON.parse(broken.stdout).schema, 'fairlead.doctor/1');
});
