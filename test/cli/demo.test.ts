import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Host } from '@fairlead/lab';

const launcher = resolve(import.meta.dirname, '../../fairlead');
const page = /This page came through a port that Fairlead published\./g;

test('the demonstration tells its whole story and leaves nothing', async () => {
  await using host = await Host.create();
  const { code, stdout, stderr } = await host.run([launcher, 'demo']);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /ip netns add fl-web\n/);
  assert.match(stdout, /Name:\s+web\n\s+Address: 172\.\d+\.\d+\.2\n/);
  assert.equal(stdout.match(page)?.length, 2, 'by name from the other container, and from outside');
  assert.match(stdout, /sudo \.\/fairlead up/);
  assert.equal(await host.exec('ls', '/run/netns'), '');
  // Folders of hosts are named for the namespace of processes that their owner is in; other tests have theirs here too.
  const own = /\d+/.exec(await host.exec('readlink', '/proc/self/ns/pid'))?.[0];
  assert.deepEqual(
    readdirSync(dirname(host.folder)).filter((name) => name.startsWith(`lab-${own}-`)),
    [],
  );
});

test('it can be kept, driven from outside, and ended', async () => {
  await using host = await Host.create();
  const { code, stdout, stderr } = await host.run([launcher, 'demo', '--keep']);
  assert.equal(code, 0, stderr);
  const [, address = ''] = /DOCKER_HOST=(\S+)/.exec(stdout) ?? [];
  const [, pid = ''] = /kill (\d+)/.exec(stdout) ?? [];
  const { stdout: names } = await host.run([launcher, '-H', address, 'ps', '--format', '{{.Names}}']);
  assert.deepEqual(names.trim().split('\n').sort(), ['client', 'web']);
  await host.exec('kill', pid);
  while (existsSync(host.pathOf(`/proc/${pid}`))) await sleep(10);
  assert.equal(await host.exec('ls', '/run/netns'), '');
});
