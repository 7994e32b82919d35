import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EngineHost } from './engine-host.ts';

/** A swarm of one machine, driven by the docker command: what it keeps over the end of its daemon, and from whom. */

let engine: EngineHost;

before(async () => {
  engine = await EngineHost.start();
});

after(() => engine[Symbol.asyncDispose]());

const docker = async (...words: string[]) => (await engine.daemon.docker(...words)).trim();
const told = async (...words: string[]) => (await engine.daemon.tryDocker(words)).stderr.trim();

test('a swarm, its node, its secrets and configs outlive a daemon that is killed', async () => {
  await docker('swarm', 'init', '--default-addr-pool', '10.20.0.0/16');
  const id = await docker('info', '--format', '{{.Swarm.NodeID}}');
  await docker('node', 'update', '--label-add', 'zone=a', '--availability', 'pause', id);
  const secret = await docker('secret', 'create', '--label', 'of=test', 'password', '/etc/hostname');
  await docker('config', 'create', 'settings', '/etc/hostname');
  const [swarm, node] = [await docker('info', '--format', '{{json .Swarm}}'), await docker('node', 'inspect', 'self')];
  await engine.daemon.kill9();
  await engine.daemon.restart();
  assert.deepEqual(
    [await docker('info', '--format', '{{json .Swarm}}'), await docker('node', 'inspect', 'self')],
    [swarm, node],
  );
  assert.equal(await docker('secret', 'ls', '-q', '--filter', 'label=of=test'), secret);
  assert.equal(await docker('config', 'ls', '--format', '{{.Name}}'), 'settings');
});

test('a swarm that locks itself asks for its key after every start', async () => {
  await docker('swarm', 'update', '--autolock');
  const key = await docker('swarm', 'unlock-key', '-q');
  await engine.daemon.restart();
  assert.equal(await docker('info', '--format', '{{.Swarm.LocalNodeState}}'), 'locked');
  assert.match(await told('secret', 'ls'), /Swarm is encrypted and needs to be unlocked before it can be used/);
  const wrong = await engine.daemon.tryDocker(['swarm', 'unlock'], { input: `${key.slice(0, -4)}AAAA\n` });
  assert.match(wrong.stderr, /swarm could not be unlocked: invalid key provided/);
  await engine.daemon.tryDocker(['swarm', 'unlock'], { input: `${key}\n` });
  assert.equal(await docker('secret', 'ls', '--format', '{{.Name}}'), 'password');
});

test('a swarm that is left is gone with all that was in it', async () => {
  assert.match(await told('swarm', 'leave'), /Removing the last manager erases all current state of the swarm/);
  await docker('swarm', 'leave', '--force');
  assert.match(await told('node', 'ls'), /This node is not a swarm manager/);
  assert.match(await told('swarm', 'join', '--token', 'x', '192.0.2.1:2377'), /joining a swarm is not supported yet/);
  await docker('swarm', 'init');
  assert.equal(await docker('secret', 'ls', '-q'), '');
  await docker('swarm', 'leave', '--force');
});
