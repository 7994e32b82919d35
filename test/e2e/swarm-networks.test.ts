import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineHost } from './engine-host.ts';

/** Services on overlay networks, asked by real programs: names, virtual addresses and ports of the host. */

let engine: EngineHost;

const docker = async (...words: string[]) => (await engine.daemon.docker(...words)).trim();

before(async () => {
  engine = await EngineHost.start();
  await docker('swarm', 'init');
  await docker('network', 'create', '-d', 'overlay', '--attachable', '--ipv6', 'app');
  await docker('run', '-d', '--name', 'asker', '--network', 'app', 'busybox', 'sleep', '1000');
  // Every container says its own name.
  const server = 'mkdir /www; hostname > /www/index.html; exec httpd -f -p 80 -h /www';
  const flags = ['--name', 'web', '--replicas', '3', '--network', 'app', '-p', '8080:80', '--stop-grace-period', '1s'];
  await docker('service', 'create', '-d', ...flags, 'busybox', 'sh', '-c', server);
  await until(async () => (await docker('service', 'ls', '--format', '{{.Replicas}}')) === '3/3');
  await until(async () => (await tasks()).filter((address) => !address.includes(':')).length === 3);
});

after(() => engine[Symbol.asyncDispose]());

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < 100; round++) {
    if (await holds()) return;
    await sleep(100);
  }
  assert.fail(`not within ten seconds: ${holds}`);
}

async function lookup(name: string): Promise<string[]> {
  const text = await docker('exec', 'asker', 'sh', '-c', `nslookup ${name} 127.0.0.11; true`);
  return [...text.matchAll(/^Address[^:]*: (\S+)$/gm)]
    .map(([, address = '']) => address)
    .filter((it) => !it.includes('127.0.0.11'));
}

async function tasks(): Promise<string[]> {
  return await lookup('tasks.web');
}

type Ask = (url: string) => Promise<string>;
const inAsker: Ask = (url) => docker('exec', 'asker', 'timeout', '3', 'wget', '-qO-', url);
const onHost: Ask = async (url) => (await engine.host.exec('timeout', '3', 'busybox', 'wget', '-qO-', url)).trim();
const outside: Ask = async (url) =>
  (await engine.host.outside.exec('timeout', '3', 'busybox', 'wget', '-qO-', url)).trim();

/** Who answers, asked often enough to miss one of three once in three million times. */
async function answering(ask: Ask, url: string): Promise<number> {
  const names = new Set<string>();
  for (let draw = 0; draw < 40 && names.size < 3; draw++) names.add(await ask(url));
  return names.size;
}

test('a name leads to one address, and that to every container of the service', async () => {
  const addresses = await lookup('web');
  const each = await tasks();
  assert.ok(addresses.length > 0 && !addresses.some((address) => each.includes(address)), addresses.join());
  assert.equal(await answering(inAsker, 'http://web/'), 3);
  await docker('exec', 'asker', 'ping', '-c', '1', '-W', '2', 'web');
});

test('a port of the host leads to every container, from the host, from outside and from containers', async () => {
  const { ipv4, ipv6 } = engine.host.addresses.host;
  for (const address of ['127.0.0.1', '[::1]', ipv4, `[${ipv6}]`]) {
    assert.equal(await answering(onHost, `http://${address}:8080/`), 3, address);
  }
  assert.equal(await answering(outside, `http://${ipv4}:8080/`), 3);
  assert.equal(await answering(outside, `http://[${ipv6}]:8080/`), 3);
  assert.equal(await answering(inAsker, `http://${ipv4}:8080/`), 3);
  const taken = await engine.daemon.tryDocker(['run', '--rm', '-p', '8080:80', 'busybox', 'true']);
  assert.match(taken.stderr, /8080 failed: port is already allocated/);
});

test('a killed daemon is not missed, and goes on where it was', async () => {
  const [address = ''] = (await lookup('web')).filter((each) => !each.includes(':'));
  await engine.daemon.kill9();
  const inside = ['nsenter', '--net=/run/netns/fl-asker', 'timeout', '3', 'busybox', 'wget', '-qO-'];
  assert.equal(
    await answering(async (url) => (await engine.host.exec(...inside, url)).trim(), `http://${address}/`),
    3,
  );
  assert.equal(await answering(outside, `http://${engine.host.addresses.host.ipv4}:8080/`), 3);
  await engine.daemon.restart();
  assert.equal(await answering(inAsker, 'http://web/'), 3);
  await docker('service', 'scale', '-d', 'web=1');
  await until(async () => (await tasks()).filter((address) => !address.includes(':')).length === 1);
  const names = new Set<string>();
  for (let draw = 0; draw < 10; draw++) names.add(await inAsker('http://web/'));
  for (let draw = 0; draw < 10; draw++) names.add(await onHost('http://127.0.0.1:8080/'));
  assert.equal(names.size, 1);
});

test('a trace shows how the address of a service is translated', async () => {
  const traced = await engine.fairlead('trace', 'asker', 'web:80');
  assert.match(traced, /delivered/i);
  assert.match(traced, /virtual4|virtual6/);
});

test('a network that a service needs stays, and what is of the swarm goes with it', async () => {
  const refused = await engine.daemon.tryDocker(['network', 'rm', 'ingress']);
  assert.match(refused.stderr + refused.stdout, /ingress/);
  const { stderr } = await engine.daemon.tryDocker(['network', 'rm', 'app']);
  assert.match(stderr, /FailedPrecondition desc = network \w{25} is in use by service \w{25}/);
  await docker('rm', '-f', 'asker');
  await docker('service', 'rm', 'web');
  await until(async () => (await docker('ps', '-q')) === '');
  await docker('network', 'rm', 'app');
  await docker('swarm', 'leave', '--force');
  assert.doesNotMatch(await docker('network', 'ls'), /overlay/);
  const { stdout } = await engine.host.run(['nft', 'list', 'set', 'inet', 'fairlead', 'mesh']);
  assert.doesNotMatch(stdout, /8080/);
});
