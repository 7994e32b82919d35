import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { EngineHost } from './engine-host.ts';
import { eventually } from './life-rig.ts';

/** `--init`: an init of the host's is the first process, and reaps what nobody else does. */

let engine: EngineHost;
let folder: string;

/** Does what an init has to, by the container's own shell: runs on any machine that runs these tests. */
const init = '#!/bin/sh\nshift\n"$@" &\nchild=$!\ntrap "kill -TERM $child" TERM\nwait $child\nexit $?\n';
/**
 * Leaves an orphan that ends soon; the process that stays has no idea that it is to be reaped. Without `exec` Ubuntu's
 * busybox would sleep in the shell, under its name.
 */
const neglectful = ['busybox', 'sh', '-c', 'sh -c "(exec sleep 0.1) &"; exec sleep 1000'];
const docker = (...words: string[]) => engine.daemon.docker(...words);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-init-'));
  writeFileSync(join(folder, 'docker-init'), init, { mode: 0o755 });
  engine = await EngineHost.start({}, { env: { PATH: `${folder}:${process.env['PATH']}` } });
});

after(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** States of all processes named `sleep`, `Z` for those that wait to be reaped. */
async function sleepers(name: string): Promise<string[]> {
  const stats = await docker('exec', name, 'sh', '-c', 'cat /proc/[0-9]*/stat');
  return [...stats.matchAll(/\(sleep\) (\w)/g)].map(([, state = '']) => state);
}

test('orphans are reaped with an init and not without one', async () => {
  await docker('run', '-d', '--name', 'without', ...neglectful);
  await docker('run', '-d', '--name', 'with', '--init', ...neglectful);
  await eventually('the orphan waits to be reaped', async () => (await sleepers('without')).includes('Z'));
  await eventually('the orphan is reaped', async () => (await sleepers('with')).join() === 'S');
  assert.deepEqual((await sleepers('without')).sort(), ['S', 'Z']);
  const first = await docker('exec', 'with', 'cat', '/proc/1/cmdline');
  assert.ok(first.includes('/sbin/docker-init\0--\0sh\0-c\0'), first);
  assert.equal(await docker('inspect', '-f', '{{.Path}} {{.HostConfig.Init}}', 'with'), 'sh true\n');
  assert.notEqual((await engine.daemon.tryDocker(['exec', 'with', 'rm', '/sbin/docker-init'])).code, 0);
  await docker('rm', '-f', 'with', 'without');
});

test('the exit code is the command’s', async () => {
  const run = (...words: string[]) => engine.daemon.tryDocker(['run', '--rm', '--init', 'busybox', ...words]);
  assert.equal((await run('sh', '-c', 'exit 7')).code, 7);
});

test('who shares the host’s processes gets none', async () => {
  const words = ['run', '--rm', '--init', '--pid', 'host', 'busybox', 'ls', '/sbin/docker-init'];
  assert.notEqual((await engine.daemon.tryDocker(words)).code, 0);
});
