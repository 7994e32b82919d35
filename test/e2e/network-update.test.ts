import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Daemon, Host } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { runWebServer } from './web-server.ts';

/** Networks that change while containers are on them. */

let engine: EngineHost;
let host: Host;
let daemon: Daemon;
const docker = (...words: string[]) => daemon.docker(...words);
const fairlead = (...words: string[]) => engine.tryFairlead(...words);
const P = 'com.docker.network.bridge.';

before(async () => {
  engine = await EngineHost.start({ '/var/www/index.html': 'it works\n' });
  ({ host, daemon } = engine);
  const named = ['-o', `${P}name=br-app`, '--subnet', '10.9.0.0/24'];
  await docker('network', 'create', ...named, 'app');
  await runWebServer(daemon, 'web', '--network', 'app', '-p', '8080:80');
  await docker('run', '-d', '--name', 'peer', '--network', 'app', 'busybox', 'sleep', '1000');
});
after(() => engine[Symbol.asyncDispose]());

async function fetch(space: Host | Host['outside'], place: string): Promise<boolean> {
  return (await space.run(['timeout', '2', 'busybox', 'wget', '-qO-', `http://${place}/`])).stdout === 'it works\n';
}

/** MTU of the bridge, of what is plugged into it, and of the container's end. */
async function mtus(): Promise<string> {
  const mtu = (text: string) => [...text.matchAll(/ mtu (\d+) /g)].map(([, value]) => value);
  const links = [
    await host.exec('ip', 'link', 'show', 'dev', 'br-app'),
    await host.exec('ip', 'link', 'show', 'master', 'br-app'),
    await host.exec('ip', '-n', 'fl-web', 'link', 'show', 'dev', 'eth0'),
  ];
  return [...new Set(links.flatMap(mtu))].join(' ');
}

async function pings(...words: string[]): Promise<boolean> {
  return (await daemon.tryDocker(['exec', 'peer', 'ping', '-c1', '-W1', ...words])).code === 0;
}

test('another MTU is that of every link at once, and packets are cut to it', async () => {
  assert.equal((await fairlead('network', 'update', 'app', '--mtu', '1300')).code, 0);
  assert.equal(await mtus(), '1300');
  assert.ok(await fetch(host.outside, '192.0.2.2:8080'));
  assert.ok(await pings('-s', '4000', 'web'));
  assert.match((await fairlead('explain', 'last')).stdout, /^ip link set dev br-app .*mtu 1300/m);
  const [shown]: [{ Options: Record<string, string> }] = JSON.parse(await docker('network', 'inspect', 'app'));
  assert.equal(shown.Options['com.docker.network.driver.mtu'], '1300');
  assert.equal((await fairlead('network', 'update', 'app', '--opt-rm', 'com.docker.network.driver.mtu')).code, 0);
  assert.equal(await mtus(), '1500');
});

test('ports, gateway mode and separation follow, and the daemon that starts again agrees', async () => {
  await fairlead('network', 'update', 'app', '-o', `${P}host_binding_ipv4=127.0.0.1`, '-o', `${P}enable_icc=false`);
  assert.equal(await docker('port', 'web'), '80/tcp -> 127.0.0.1:8080\n');
  assert.equal(await fetch(host.outside, '192.0.2.2:8080'), false);
  assert.ok(await fetch(host, '127.0.0.1:8080'));
  assert.equal(await pings('10.9.0.2'), false);
  await daemon.kill9();
  await daemon.restart();
  assert.equal(await pings('10.9.0.2'), false);
  await fairlead('network', 'update', 'app', '--opt-rm', `${P}host_binding_ipv4`, '-o', `${P}enable_icc=true`);
  assert.ok(await fetch(host.outside, '192.0.2.2:8080'));
  // Who could not be asked for its hardware address before is asked again after a second (net/core/neighbour.c).
  let answered = false;
  for (let attempt = 0; attempt < 5 && !answered; attempt++) answered = await pings('10.9.0.2');
  assert.ok(answered);
});

test('a network gets IPv6: at once for who comes, at the next start for who is there', async () => {
  assert.equal((await fairlead('network', 'update', 'app', '--add-subnet', 'fd00:9::/64')).code, 0);
  await runWebServer(daemon, 'six', '--network', 'app', '-p', '8081:80');
  assert.ok(await fetch(host.outside, '[2001:db8::2]:8081'));
  await docker('restart', '-t', '0', 'web');
  const address = '{{.NetworkSettings.Networks.app.IPAddress}} {{.NetworkSettings.Networks.app.GlobalIPv6Address}}';
  assert.equal((await docker('inspect', '-f', address, 'web')).trim(), '10.9.0.2 fd00:9::3');
  assert.ok((await daemon.tryDocker(['exec', 'six', 'ping', '-6', '-c1', '-W2', 'fd00:9::3'])).code === 0);
});

test('what cannot be changed is said, and nothing is', async () => {
  const refused = async (...words: string[]) => (await fairlead('network', 'update', ...words)).stderr;
  assert.match(
    await refused('app', '-o', `${P}name=other`),
    /cannot change .*bridge\.name of network app: it is settled/,
  );
  assert.match(await refused('app', '--add-subnet', '10.10.0.0/24'), /bridge driver doesn't support multiple subnets/);
  assert.match(await refused('app', '--mtu', '20'), /invalid MTU number: 20/);
  assert.match(await refused('bridge', '--mtu', '1400'), /bridge is a pre-defined network and cannot be changed/);
  assert.match(await refused('app'), /say what shall be different/);
  assert.equal(await mtus(), '1500');
});
