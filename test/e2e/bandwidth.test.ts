import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Daemon, Host } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { runWebServer } from './web-server.ts';

/** Limits of what containers send and receive, as tc sees them and as bytes take their time. */

const BYTES = 300_000;
let engine: EngineHost;
let host: Host;
let daemon: Daemon;
const docker = (...words: string[]) => daemon.docker(...words);
const fairlead = (...words: string[]) => engine.tryFairlead(...words);
const option = (way: 'in' | 'out') => `com.fairlead.bandwidth.${way}`;

before(async () => {
  engine = await EngineHost.start({ '/var/www/data': 'x'.repeat(BYTES) });
  ({ host, daemon } = engine);
  await docker('network', 'create', '--ipv6', '-o', `${option('in')}=1gbit`, 'app');
});
after(() => engine[Symbol.asyncDispose]());

/** The limits of a container: `in rate out rate`, in bits as tc prints them. */
async function limits(name: string): Promise<{ in?: string; out?: string }> {
  const read = async (...words: string[]) => /tbf 1: .*rate (\S+)/.exec(await host.exec('tc', ...words))?.[1];
  const [{ NetworkSettings }]: [{ NetworkSettings: { Networks: { app: { EndpointID: string } } } }] = JSON.parse(
    await docker('inspect', name),
  );
  const outer = `veth${NetworkSettings.Networks.app.EndpointID.slice(0, 11)}`;
  const inward = await read('qdisc', 'show', 'dev', outer);
  const outward = await read('-n', `fl-${name}`, 'qdisc', 'show', 'dev', 'eth0');
  return { ...(inward && { in: inward }), ...(outward && { out: outward }) };
}

/** Milliseconds that a transfer takes. */
async function took(transfer: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await transfer();
  return performance.now() - start;
}

test('options of the docker command limit what a container sends and receives, and bytes take their time', async () => {
  const options = [option('in'), option('out')].map((key) => `driver-opt=${key}=2mbit`).join(',');
  await runWebServer(daemon, 'web', '--network', `name=app,${options}`, '-p', '8080:80');
  assert.deepEqual(await limits('web'), { in: '2Mbit', out: '2Mbit' });
  // 250,000 bytes a second, of which a bucket of 32 KiB is full at first: a slower machine can only take longer.
  const least = ((BYTES - 32_768) / 250_000) * 1000 * 0.95;
  const url = (place: string) => `http://${place}/data`;
  for (const place of ['192.0.2.2:8080', '[2001:db8::2]:8080']) {
    const wget = () => host.outside.exec('timeout', '30', 'busybox', 'wget', '-qO', '/dev/null', url(place));
    assert.ok((await took(wget)) > least, place);
  }
  await runWebServer(daemon, 'other', '--network', 'app');
  const inward = ['timeout', '30', 'wget', '-qO', '/dev/null', 'http://other/data'];
  assert.ok((await took(() => docker('exec', 'web', ...inward))) > least);
  assert.deepEqual(await limits('other'), { in: '1Gbit' }, 'what the network says');
  await docker('rm', '-f', 'other');
});

test('limits change while the container runs, outlive a killed daemon and a restart, and are told of', async () => {
  assert.equal((await fairlead('network', 'limit', 'app', 'web', '--in', '5mbit', '--out', 'none')).code, 0);
  assert.deepEqual(await limits('web'), { in: '5Mbit' });
  const explained = (await fairlead('explain', 'last')).stdout;
  assert.match(explained, /^tc qdisc replace dev veth\w+ root handle 1: tbf rate 625000bps burst 32768 limit 64018$/m);
  assert.match(explained, /^tc -n fl-web qdisc del dev eth0 root handle 1:$/m);
  await daemon.kill9();
  await host.exec('tc', '-n', 'fl-web', 'qdisc', 'add', 'dev', 'eth0', 'root', 'handle', '1:', 'tbf', ...bucket);
  await daemon.restart();
  await docker('exec', 'web', 'true');
  assert.deepEqual(await limits('web'), { in: '5Mbit' });
  await docker('restart', '-t', '0', 'web');
  assert.deepEqual(await limits('web'), { in: '5Mbit' });
  const [shown]: [{ NetworkSettings: { Networks: { app: { DriverOpts: object } } } }] = JSON.parse(
    await docker('inspect', 'web'),
  );
  assert.deepEqual(shown.NetworkSettings.Networks.app.DriverOpts, { [option('in')]: '5mbit', [option('out')]: 'none' });
});

/** As an operation that was cut off would have left it. */
const bucket = ['rate', '1mbit', 'burst', '32kb', 'limit', '64kb'];

test('what is no rate changes nothing', async () => {
  const wrong = await fairlead('network', 'limit', 'app', 'web', '--in', 'fast');
  assert.match(wrong.stderr, /failed to parse com\.fairlead\.bandwidth\.in value: fast \(expected none, or 8kbit to/);
  assert.match(
    (await fairlead('network', 'limit', 'bridge', 'web', '--in', '1mbit')).stderr,
    /web is not connected to/,
  );
  assert.match((await fairlead('network', 'limit', 'app', 'web')).stderr, /say how fast/);
  assert.deepEqual(await limits('web'), { in: '5Mbit' });
  const network = await daemon.tryDocker(['network', 'create', '-o', `${option('out')}=1`, 'wrong']);
  assert.match(network.stderr, /failed to parse com\.fairlead\.bandwidth\.out value: 1/);
  const run = ['create', '--network', `name=app,driver-opt=${option('out')}=1`, 'busybox'];
  assert.match((await daemon.tryDocker(run)).stderr, /failed to parse com\.fairlead\.bandwidth\.out value: 1/);
});
