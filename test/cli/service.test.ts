import assert from 'node:assert/strict';
import { existsSync, lstatSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { busyboxImage, type Finished, Host } from '@fairlead/lab';
import { kernelState, settled } from '../e2e/kernel-state.ts';

/** `up` and `down` in a host of their own, below a folder: the machine itself is never touched. */

const launcher = resolve(import.meta.dirname, '../../fairlead');

test('up starts an engine once, status describes it, down undoes it', async () => {
  await using host = await Host.create();
  const root = join(host.folder, 'r');
  const fairlead = (...words: string[]): Promise<Finished> => host.run([launcher, ...words, '--root', root]);

  assert.deepEqual([(await fairlead('status')).code, existsSync(root)], [3, false]);
  const first = await fairlead('up');
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /Fairlead runs, started by a process of its own, at unix:/);
  assert.match((await fairlead('up')).stdout, /runs already/);
  assert.ok(lstatSync(join(root, 'usr/local/bin/fairlead')).isSymbolicLink());
  assert.match((await fairlead('status')).stdout, /^running at unix:.*, process \d+\n/);

  const down = await fairlead('down');
  assert.equal(down.code, 0, down.stderr);
  assert.equal(existsSync(join(root, 'usr/local/bin/fairlead')), false);
  assert.equal((await fairlead('status')).code, 3);
  assert.deepEqual(await helpersIn(host), []);
  assert.equal((await fairlead('down')).code, 0);
});

test('down takes networks from the kernel, and up brings them back', async () => {
  await using host = await Host.create();
  const root = join(host.folder, 'r');
  const fairlead = (...words: string[]): Promise<Finished> => host.run([launcher, ...words, '--root', root]);
  const forwarding = () => host.exec('sysctl', 'net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding');
  await host.exec('sysctl', '-qw', 'net.ipv4.ip_forward=0', 'net.ipv6.conf.all.forwarding=0');
  const [before, off] = [await kernelState(host), await forwarding()];
  assert.equal((await fairlead('up')).code, 0);
  const socket = `unix://${join(root, 'run/fairlead/docker.sock')}`;
  await host.exec('docker', '-H', socket, 'network', 'create', '--ipv6', 'app');
  const withNetworks = await kernelState(host);
  const down = await fairlead('down');
  assert.equal(down.code, 0, down.stderr);
  await settled(host, before, 'after down');
  assert.equal(await forwarding(), off);
  assert.equal((await fairlead('up')).code, 0);
  await settled(host, withNetworks, 'after up');
  assert.doesNotMatch(await forwarding(), / = 0/);
  assert.equal((await fairlead('down')).code, 0);
  await settled(host, before, 'in the end');
});

test('up tells of rules of others that keep containers from what they are for', async () => {
  await using host = await Host.create();
  const below = ['--root', join(host.folder, 'r')];
  await host.exec('nft', 'table ip filter { chain FORWARD { type filter hook forward priority 0; policy drop; }; }');
  const { code, stdout } = await host.run([launcher, 'up', ...below]);
  assert.equal(code, 0);
  assert.match(stdout, /^warning: chain FORWARD of table ip filter refuses what is forwarded.*doctor/m);
  assert.equal((await host.run([launcher, 'down', ...below])).code, 0);
});

test('down ends what an engine left that was killed, its containers among it, and leaves no file to run with', async () => {
  await using host = await Host.create();
  const filesToRun = () => host.exec('sh', '-c', 'rmdir /run/netns 2>/dev/null; ls -A /run');
  const before = await filesToRun();
  const fairlead = (...words: string[]): Promise<Finished> => host.run([launcher, ...words]);
  const below = ['--root', join(host.folder, 'r')];
  assert.equal((await fairlead('up', ...below)).code, 0);
  const image = join(host.folder, 'busybox.tar');
  await busyboxImage(image);
  const address = ['-H', `unix://${join(host.folder, 'r/run/fairlead/docker.sock')}`];
  await host.exec('docker', ...address, 'load', '-i', image);
  await host.exec('docker', ...address, 'run', '-d', '--stop-signal', 'KILL', 'busybox', 'sleep', '1000');
  const { stdout } = await fairlead('status', ...below);
  await host.exec('kill', '-9', /process (\d+)/.exec(stdout)?.[1] ?? '');
  assert.notDeepEqual(await helpersIn(host), []);

  const down = await fairlead('down', ...below);
  assert.equal(down.code, 0, down.stderr);
  assert.match(down.stdout, /stopping 1 container\n/);
  assert.deepEqual(await helpersIn(host), []);
  assert.equal(await host.exec('ls', '-A', '/run'), before);
  assert.equal(existsSync(join(host.folder, 'r/run/fairlead')), false);
});

/** Command lines of everything that works for an engine in a host. */
async function helpersIn(host: Host): Promise<string[]> {
  const text = await host.exec(
    'sh',
    '-c',
    'for pid in /proc/[0-9]*; do tr "\\0" " " < $pid/cmdline; echo; done 2>/dev/null',
  );
  return text.split('\n').filter((line) => /^\S*(containerd|runc)|resolver\/src|sleep 1000/.test(line));
}
