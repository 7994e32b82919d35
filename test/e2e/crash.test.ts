import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon, Host } from '@fairlead/lab';
import { Dice } from './dice.ts';
import { EngineHost } from './engine-host.ts';
import { kernelState, settled } from './kernel-state.ts';
import { eventually } from './life-rig.ts';
import { runWebServer } from './web-server.ts';

/** The daemon dies, again and again; containers, names and ports go on, and nothing is left over. */

let engine: EngineHost;
let host: Host;
let daemon: Daemon;
const docker = (...words: string[]) => daemon.docker(...words);

before(async () => {
  engine = await EngineHost.start({ '/var/www/index.html': 'it works\n' });
  ({ host, daemon } = engine);
});

after(() => engine[Symbol.asyncDispose]());

test('a running container, its name and its port go on while the daemon is dead', async () => {
  await docker('network', 'create', 'app');
  await runWebServer(daemon, 'web', '--network', 'app', '-p', '8080:80');
  const asker = 'while :; do nslookup web >/dev/null 2>&1 && echo ok || echo lost; sleep 0.02; done';
  await docker('run', '-d', '--name', 'asker', '--network', 'app', 'busybox', 'sh', '-c', asker);
  const before = await kernelState(host);

  await daemon.kill9();
  const { ipv4 } = host.addresses.host;
  for (let attempt = 0; attempt < 20; attempt++) {
    const page = await host.outside.exec('busybox', 'wget', '-qO-', `http://${ipv4}:8080/index.html`);
    assert.equal(page, 'it works\n');
  }
  assert.equal(await kernelState(host), before);
  await daemon.restart();

  assert.match(await docker('ps', '--format', '{{.Names}} {{.Status}}'), /asker Up[\s\S]*web Up/);
  assert.equal(await kernelState(host), before);
  const answers = async () => (await docker('logs', 'asker')).trim().split('\n');
  await eventually('the asker has asked often', async () => (await answers()).length > 20);
  assert.ok(!(await answers()).includes('lost'));
  await docker('rm', '-f', 'web', 'asker');
  await docker('network', 'rm', 'app');
});

for (const dead of ['the daemon', 'the daemon and containerd']) {
  test(`what a container wrote and how it ended without ${dead} is known afterwards`, async () => {
    const last = 'until [ -e /go ]; do sleep 0.02; done; echo last words; exit 9';
    await docker('run', '-d', '--name', 'late', 'busybox', 'sh', '-c', last);
    const pid = (await docker('inspect', '-f', '{{.State.Pid}}', 'late')).trim();
    await daemon.kill9();
    if (dead.includes('containerd')) {
      const containerd = readFileSync(host.pathOf('/run/fairlead/containerd/containerd.pid'), 'utf8').trim();
      await host.exec('kill', '-9', containerd);
    }
    await host.exec('touch', `/proc/${pid}/root/go`);
    await eventually('it has ended', async () => (await host.run(['test', '-e', `/proc/${pid}`])).code !== 0);
    await daemon.restart();
    assert.equal(await docker('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'late'), 'exited 9\n');
    assert.equal(await docker('logs', 'late'), 'last words\n');
    await docker('rm', 'late');
  });
}

test('a file on which a killed daemon had not pinned its namespace yet is taken away, no other', async () => {
  await daemon.kill9();
  await host.exec('touch', '/run/netns/fl-torn', '/run/netns/theirs');
  await daemon.restart();
  const names = (await host.exec('ls', '/run/netns')).trim().split('\n');
  assert.ok(!names.includes('fl-torn') && names.includes('theirs'), names.join());
  await host.exec('rm', '/run/netns/theirs');
});

test('killed at any moment of a run, the daemon finds everything as it should be', async (t) => {
  const idle = await kernelState(host);
  const dice = new Dice();
  t.diagnostic(`seed ${dice.seed}`);
  for (let round = 0; round < 8; round++) {
    const name = `round${round}`;
    const run = daemon.tryDocker(['run', '-d', '--name', name, '-p', '9000:80', 'busybox', 'sleep', '1000']);
    await sleep(40 + dice.upTo(160));
    await daemon.kill9();
    await run;
    await daemon.restart();
    const left = await docker('ps', '-a', '--format', '{{.Names}} {{.State}}');
    assert.match(left, /^(round\d+ (created|running)\n)?$/, `round ${round}: ${left}`);
    if (left !== '') await docker('rm', '-f', name);
    await settled(host, idle, `round ${round}`);
  }
});
