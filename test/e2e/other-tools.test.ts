import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { busyboxImage, Daemon, Host } from '@fairlead/lab';
import { startDockerd } from '../lab/peer.ts';
import { eventually } from './life-rig.ts';
import { runWebServer } from './web-server.ts';

/** Firewalls of others on the host: theirs stays as it is, and where it is in the way Fairlead says so. */

const fairlead = resolve(import.meta.dirname, '../../fairlead');

let host: Host;
let daemon: Daemon;
let image: string;
const parts = new AsyncDisposableStack();

before(async () => {
  host = parts.use(await Host.create());
  daemon = parts.use(await Daemon.fairlead(host));
  image = join(host.folder, 'busybox.tar');
  await busyboxImage(image, { files: { '/var/www/index.html': 'it works\n' } });
  await daemon.docker('load', '-i', image);
  await daemon.docker('network', 'create', '--ipv6', '-o', 'com.docker.network.bridge.name=br-app', 'app');
  await runWebServer(daemon, 'web', '--network', 'app', '-p', '8080:80');
});
after(() => parts.disposeAsync());

async function answers(port = 8080): Promise<boolean> {
  const url = `http://${host.addresses.host.ipv4}:${port}/`;
  return (await host.outside.run(['timeout', '2', 'busybox', 'wget', '-qO-', url])).stdout === 'it works\n';
}

/** What `docker network inspect` warns of. */
async function warnings(network = 'app'): Promise<readonly string[]> {
  const [shown]: { Warnings?: string[] }[] = JSON.parse(await daemon.docker('network', 'inspect', network));
  return shown?.Warnings ?? [];
}

const ufw = `
iptables-nft -P INPUT DROP
iptables-nft -P FORWARD DROP
iptables-nft -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables-nft -A INPUT -i lo -j ACCEPT
iptables-nft -N ufw-before-forward
iptables-nft -N ufw-user-forward
iptables-nft -A FORWARD -j ufw-before-forward
iptables-nft -A FORWARD -j ufw-user-forward
iptables-nft -A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
`;

const firewalld = `
table inet firewalld {
  chain filter_FORWARD {
    type filter hook forward priority 10; policy accept;
    ct state established,related accept
    iifname "lo" accept
    jump filter_FORWARD_ZONES
    reject with icmpx type admin-prohibited
  }
  chain filter_FORWARD_ZONES { }
}`;

/** Everything that is not ours, without counters. */
async function others(): Promise<string> {
  const script = `nft -s list ruleset | awk '/^table (inet fairlead|ip6 fairlead-relay) /{skip=1} !skip{print} /^}/{skip=0}'`;
  return await host.exec('bash', '-c', script);
}

test('a policy of ufw’s is obeyed, left alone and told of, until a rule lets the network through', async () => {
  assert.deepEqual([await answers(), await warnings()], [true, []]);
  await host.exec('bash', '-e', '-c', ufw);
  const theirs = await others();
  const message =
    'chain FORWARD of table ip filter refuses what is forwarded, and none of its rules names br-app to let it through';
  assert.deepEqual([await answers(), await warnings()], [false, [message]]);
  await daemon.docker('network', 'create', '-o', 'com.docker.network.bridge.name=br-more', 'more');
  assert.match(daemon.log(), /"network":"more","obstacle":"chain FORWARD of table ip filter/);
  await daemon.docker('network', 'rm', 'more');
  await daemon.kill9();
  await daemon.restart();
  const told = /"network":"app","obstacle":"chain FORWARD of table ip filter/;
  await eventually('the log says so', async () => told.test(daemon.log()));
  assert.equal(await others(), theirs);
  for (const side of ['-i', '-o'])
    await host.exec('iptables-nft', '-A', 'ufw-user-forward', side, 'br-app', '-j', 'ACCEPT');
  assert.deepEqual([await answers(), await warnings()], [true, []]);
  await host.exec(
    'bash',
    '-c',
    'iptables-nft -P FORWARD ACCEPT; iptables-nft -P INPUT ACCEPT; iptables-nft -F; iptables-nft -X',
  );
});

test('a chain of firewalld’s that rejects in the end is obeyed, left alone and told of', async () => {
  await host.exec('nft', firewalld);
  const theirs = await others();
  assert.deepEqual([await answers(), (await warnings()).length], [false, 1]);
  await host.exec('nft', 'add rule inet firewalld filter_FORWARD_ZONES oifname "br-app" accept');
  assert.deepEqual([await answers(), await warnings()], [true, []]);
  await host.exec('nft', 'flush', 'chain', 'inet', 'firewalld', 'filter_FORWARD_ZONES');
  await daemon.restart();
  assert.equal(await others(), theirs);
  await host.exec('nft', 'delete', 'table', 'inet', 'firewalld');
  assert.ok(await answers());
});

test('Docker’s own engine and Fairlead go on beside each other', async () => {
  // Each has a default bridge: Docker's is another one here.
  await using dockerd = await startDockerd(host, [
    '--bridge',
    'none',
    '--default-address-pool',
    'base=10.77.0.0/16,size=24',
  ]);
  await dockerd.docker('load', '-i', image);
  await dockerd.docker('network', 'create', 'theirs');
  await runWebServer(dockerd, 'their-web', '--network', 'theirs', '-p', '8090:80');
  const theirs = await others();
  assert.ok(await answers(8090));
  assert.ok(await answers(8080));
  await daemon.docker('network', 'create', 'ours');
  await runWebServer(daemon, 'second', '--network', 'ours', '-p', '8081:80');
  await daemon.restart();
  assert.ok(await answers(8081));
  const taken = await daemon.tryDocker(['run', '--rm', '-p', '8090:80', 'busybox', 'true']);
  assert.match(taken.stderr, /failed to bind host port 0\.0\.0\.0:8090\/tcp: address already in use/);
  await daemon.docker('rm', '-f', 'second');
  await daemon.docker('network', 'rm', 'ours');
  assert.equal(await others(), theirs);
  assert.ok(await answers(8090));
  await dockerd.docker('rm', '-f', 'their-web');
});

test('where Docker’s own engine has docker0, that is left to it', async () => {
  await using shared = await Host.create();
  const dockerd = await startDockerd(shared);
  const docker0 = () => shared.exec('ip', '-o', 'address', 'show', 'docker0', 'to', '172.16.0.0/12');
  const theirs = await docker0();
  await using beside = await Daemon.fairlead(shared);
  const look = async (format: string) => await beside.docker('network', 'inspect', 'bridge', '-f', format);
  const name = '{{index .Options "com.docker.network.bridge.name"}}';
  assert.equal(await look(name), 'fairlead0\n');
  const [subnet, dockers] = [
    await look('{{(index .IPAM.Config 0).Subnet}}'),
    await dockerd.docker('network', 'inspect', 'bridge', '-f', '{{(index .IPAM.Config 0).Subnet}}'),
  ];
  assert.notEqual(subnet, dockers);
  await dockerd.kill9();
  await beside.restart();
  assert.equal(await look(name), 'fairlead0\n');
  assert.equal(await docker0(), theirs);
});

/** Somebody on docker0 whom this engine knows nothing of. */
async function plugIn(port: string, address: string): Promise<void> {
  const inside = `nsenter --net=/run/netns/${port}`;
  await host.exec(
    'sh',
    '-ec',
    `ip netns add ${port}; ip link add ${port} type veth peer name eth0 netns ${port}; ip link set ${port} master docker0 up
    ${inside} ip address add ${address}/16 dev eth0; ${inside} ip link set eth0 up`,
  );
}

test('who takes the address of a gateway on its bridge is told of, container or guest', async () => {
  const fields = '{{range .IPAM.Config}}{{.Gateway}} {{end}}';
  const [gateway = '', gateway6 = ''] = (await daemon.docker('network', 'inspect', '-f', fields, 'app')).split(' ');
  const journal = async () => (await host.run([fairlead, 'log'], { env: { DOCKER_HOST: daemon.address } })).stdout;
  const words = ['--name', 'thief', '--network', 'app', '--cap-add', 'NET_ADMIN'];
  await daemon.docker('run', '-d', ...words, 'busybox', 'sleep', '1000');
  const take = `ip address add ${gateway}/16 dev eth0; arping -c 1 -U -I eth0 ${gateway}`;
  await daemon.docker('exec', 'thief', 'sh', '-c', take);
  const said = async (text: string) => (await warnings()).join().includes(text);
  await eventually('the container is heard', () =>
    said(`${gateway}, the gateway of app, is also used by the container thief (`),
  );
  await eventually('the journal says so', async () => {
    return (await journal()).includes(`uses ${gateway}, the gateway of network app\n`);
  });
  await daemon.docker('rm', '-f', 'thief');
  const guest = `ip netns add vm; ip link add vm0 type veth peer name eth0 netns vm; ip link set vm0 master br-app up
    ip -n vm address add ${gateway6}/64 dev eth0 nodad; ip -n vm link set eth0 up`;
  await host.exec('sh', '-ec', guest);
  await eventually('the guest is seen', () =>
    said(`${gateway6}, the gateway’s address, is also used by somebody behind vm0`),
  );
  await host.exec('sh', '-ec', 'ip netns del vm; ip link del vm0 2>/dev/null || :');
  // A bridge that is made anew is listened to anew; what was heard before is not told again.
  await daemon.kill9();
  await daemon.restart();
  assert.ok(!(await said('is also used')));
});

test('a dockerd that comes later and takes docker0 changes nothing for containers on it, is left its part, and told of', async () => {
  await runWebServer(daemon, 'old', '-p', '8082:80');
  const addresses = async (): Promise<string[]> =>
    (await host.exec('ip', '-o', '-4', 'address', 'show', 'docker0')).match(/(?<=inet )\S+/g) ?? [];
  const [ours = ''] = await addresses();
  await using dockerd = await startDockerd(host, ['--bip', '10.78.0.1/24']);
  const isShared = async () => (await addresses()).toSorted().join() === ['10.78.0.1/24', ours].toSorted().join();
  await eventually('both have their address', isShared);
  // From 28 on dockerd drops what comes to its bridge and is not for a container of its own.
  const isClosed = async () =>
    (await warnings('bridge')).some((text) => text.includes('refuses what comes to docker0'));
  assert.equal(await answers(8082), !(await isClosed()));
  assert.match((await warnings('bridge')).join(), /dockerd\) has come to use docker0 as well: both give addresses of/);
  assert.match(daemon.log(), /"network":"bridge","meaning":"Docker's own engine/);
  const journal = async () => (await host.run([fairlead, 'log'], { env: { DOCKER_HOST: daemon.address } })).stdout;
  assert.match(
    await journal(),
    /! dockerd {2}has come to use docker0, the bridge of network bridge\n.*both engines give/,
  );

  // A container of the other engine, which has given it what one of ours has; and one that has what comes next.
  const addressOf = async (name: string) =>
    (await daemon.docker('inspect', '-f', '{{.NetworkSettings.Networks.bridge.IPAddress}}', name)).trim();
  const twice = await addressOf('old');
  await plugIn('rival', twice);
  const clash = `${twice}, the address of old, is also used by somebody behind rival on docker0`;
  await eventually('the clash is told of', async () => (await warnings('bridge')).join().includes(clash));
  await eventually('the journal says so', async () =>
    (await journal()).includes(`! somebody  uses ${twice}, the address of old on network bridge, behind rival`),
  );
  const [high, higher] = [2, 3].map((last) => ours.replace(/\.[0-9]+\.[0-9]+\/16$/, `.255.${256 - last}`));
  await plugIn('second', high ?? '');
  await daemon.docker('run', '-d', '--name', 'new', 'busybox', 'sleep', '1000');
  assert.equal(await addressOf('new'), higher, 'from the end, past what is used there');
  await daemon.docker('restart', '-t', '0', 'old');
  assert.ok(![twice, high, higher].includes(await addressOf('old')), 'who is started anew gets one of its own');
  assert.ok(!(await warnings('bridge')).join().includes('is also used'));
  await daemon.docker('rm', '-f', 'new');
  for (const port of ['rival', 'second']) await host.exec('ip', 'link', 'del', port);
  await daemon.kill9();
  await daemon.restart();
  assert.ok(await isShared());
  assert.equal(await answers(8082), !(await isClosed()));
  // As soon as nobody of ours is on it any more, it is dockerd's alone.
  await daemon.docker('rm', '-f', 'old');
  await daemon.restart();
  const name = '{{index .Options "com.docker.network.bridge.name"}}';
  assert.equal(await daemon.docker('network', 'inspect', 'bridge', '-f', name), 'fairlead0\n');
  assert.ok((await addresses()).includes('10.78.0.1/24'));
  assert.deepEqual(await warnings('bridge'), []);
  assert.equal(dockerd.running, true);
});
