import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Host, topControlGroups } from '@fairlead/lab';
import { makeControlGroup } from './control-group.ts';

test('a host and its outside reach each other on both families', async () => {
  await using host = await Host.create();
  const { outside, host: inside } = host.addresses;
  await host.exec('busybox', 'ping', '-c1', '-W2', outside.ipv4);
  await host.exec('busybox', 'ping', '-c1', '-W2', outside.ipv6);
  await host.outside.exec('busybox', 'ping', '-c1', '-W2', inside.ipv4);
  assert.match(await host.exec('ip', 'route'), /^default via 192\.0\.2\.1 dev eth0/);
});

test('a host has a name, processes, a run folder and a resolv.conf of its own', async () => {
  await using host = await Host.create({ hostname: 'alpha', resolvConf: 'nameserver 192.0.2.53\n' });
  assert.equal(await host.exec('hostname'), 'alpha\n');
  assert.equal(await host.exec('cat', '/etc/resolv.conf'), 'nameserver 192.0.2.53\n');
  await host.exec('ip', 'netns', 'add', 'inner');
  assert.equal(existsSync('/run/netns/inner'), false);
  const processes = (await host.exec('ps', '-e', '-o', 'comm=')).trim().split('\n');
  assert.deepEqual(processes.sort(), ['bash', 'ps']);
});

test('the first process collects orphans', async () => {
  await using host = await Host.create();
  const pid = (await host.exec('sh', '-c', 'sleep 0.1 & echo $!')).trim();
  // One that nobody collects stays for good, as a zombie.
  await host.exec('timeout', '10', 'sh', '-c', `while [ -e /proc/${pid} ]; do sleep 0.02; done`);
});

test('a host takes everything with it', async () => {
  let host: Host;
  {
    await using made = await Host.create();
    host = made;
    makeControlGroup(host.name);
    await host.exec('sh', '-c', 'ip netns add inner; nohup sleep 60 >/dev/null 2>&1 &');
  }
  assert.equal(existsSync(`/proc/${host.pid}`), false);
  assert.deepEqual(traces(host.name), []);
});

test('what a killed owner leaves is swept away by the next', async () => {
  const owner = spawn(process.execPath, [join(import.meta.dirname, 'abandoned-host.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [piece] = await owner.stdout.take(1).toArray();
  const [name = '', pid = ''] = String(piece).trim().split(' ');
  const gone = Promise.withResolvers<void>();
  owner.on('exit', () => gone.resolve());
  owner.kill('SIGKILL');
  await gone.promise;
  while (existsSync(`/proc/${pid}`)) await sleep(5);
  assert.equal(traces(name).length, 4);
  await using next = await Host.create();
  assert.notEqual(next.name, name);
  assert.deepEqual(traces(name), []);
});

test('a program that fails says how', async () => {
  await using host = await Host.create();
  await assert.rejects(host.exec('sh', '-c', 'echo no >&2; exit 3'), /exited with 3: no/);
  const path = join(host.folder, 'note');
  writeFileSync(path, 'hello');
  assert.equal((await host.run(['cat'], { input: await host.exec('cat', path) })).stdout, 'hello');
});

/** What on the machine carries the name of a host. */
function traces(name: string): string[] {
  const folders = ['/run/netns', process.env['FAIRLEAD_LAB_FOLDER'] ?? '/var/tmp'];
  const entries = folders.flatMap((folder) => readdirSync(folder));
  return [...entries, ...topControlGroups().map((path) => basename(path))].filter((entry) => entry.startsWith(name));
}
