import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { doctorFaults } from './doctor-faults.ts';
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

for (const fault of doctorFaults) {
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
