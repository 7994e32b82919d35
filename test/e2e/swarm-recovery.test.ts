import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineHost } from './engine-host.ts';

/** A daemon that is killed while a swarm is made or left, at moments from the first to after the last step. */

let engine: EngineHost;

const docker = async (...words: string[]) => (await engine.daemon.docker(...words)).trim();
const state = () => docker('info', '--format', '{{.Swarm.LocalNodeState}}');

before(async () => {
  engine = await EngineHost.start();
});

after(() => engine[Symbol.asyncDispose]());

/** Milliseconds after which the daemon is killed: both operations are over within the last ones. */
const moments = [0, 1, 3, 6, 11, 20, 45, 120, 400];

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (let round = 0; round < 450; round++) {
    if (await holds()) return;
    await sleep(100);
  }
  assert.fail(`not within 45 seconds: ${what}`);
}

/** Begin something, kill the daemon in the middle of it, start it again. */
async function interrupted(moment: number, ...words: string[]): Promise<void> {
  // What the command itself says does not matter: its daemon may be gone.
  const asked = engine.daemon.tryDocker(words);
  await sleep(moment);
  await engine.daemon.kill9();
  await asked;
  await engine.daemon.restart();
}

const swarmNetworks = () => docker('network', 'ls', '--filter', 'scope=swarm', '--format', '{{.Name}}');

async function requireWhole(moment: number): Promise<void> {
  assert.equal(await state(), 'active', `after ${moment} ms`);
  assert.equal(await swarmNetworks(), 'ingress', `after ${moment} ms`);
  assert.equal(await docker('node', 'ls', '--format', '{{.Status}} {{.ManagerStatus}}'), 'Ready Leader');
  assert.equal((await docker('swarm', 'join-token', '-q', 'worker')).split('-').length, 4);
}

async function requireNothing(moment: number): Promise<void> {
  assert.equal(await state(), 'inactive', `after ${moment} ms`);
  // What the daemon before has begun is finished by the next one, while it answers already.
  await until(async () => (await swarmNetworks()) === '', `the networks are gone, after ${moment} ms`);
  assert.equal(await docker('ps', '-aq'), '', `after ${moment} ms`);
  const rules = await engine.host.exec('nft', 'list', 'table', 'inet', 'fairlead');
  assert.doesNotMatch(rules, /8080/, `after ${moment} ms`);
}

test('a swarm is there as a whole or not at all, whenever the daemon is killed while it is made', async () => {
  const outcomes = new Set<string>();
  for (const moment of moments) {
    await interrupted(moment, 'swarm', 'init');
    const found = await state();
    outcomes.add(found);
    if (found === 'inactive') await requireNothing(moment);
    else {
      await requireWhole(moment);
      await docker('swarm', 'leave', '--force');
    }
    await docker('swarm', 'init');
    await requireWhole(moment);
    await docker('swarm', 'leave', '--force');
  }
  assert.deepEqual([...outcomes].sort(), ['active', 'inactive'], 'it was killed before and after the step that counts');
});

test('a swarm with tasks, ports and secrets is left as a whole or not at all, whenever the daemon is killed', async () => {
  await engine.host.exec('sh', '-c', 'echo -n hush > /run/pw');
  const outcomes = new Set<string>();
  for (const moment of moments) {
    if ((await state()) === 'inactive') {
      await docker('swarm', 'init');
      await docker('secret', 'create', 'pw', '/run/pw');
      await docker('network', 'create', '-d', 'overlay', 'app');
      const flags = ['--name', 'web', '--replicas', '2', '--network', 'app', '--secret', 'pw', '-p', '8080:80'];
      await docker('service', 'create', '-d', ...flags, '--stop-grace-period', '1s', 'busybox', 'sleep', '1000');
    }
    await until(async () => (await docker('service', 'ls', '--format', '{{.Replicas}}')) === '2/2', 'its tasks run');
    await interrupted(moment, 'swarm', 'leave', '--force');
    const found = await state();
    outcomes.add(found);
    if (found === 'inactive') await requireNothing(moment);
    else assert.equal(await docker('secret', 'ls', '--format', '{{.Name}}'), 'pw', `after ${moment} ms`);
  }
  assert.deepEqual([...outcomes].sort(), ['active', 'inactive'], 'it was killed before and after the step that counts');
  if ((await state()) === 'active') await docker('swarm', 'leave', '--force');
  await requireNothing(0);
});
