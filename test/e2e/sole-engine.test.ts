import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { Daemon, Host } from '@fairlead/lab';

const launcher = resolve(import.meta.dirname, '../../fairlead');

/** What a second engine says that is given places of its own, but for those that are said; it must not come to run. */
async function refusal(host: Host, flags: readonly string[], wrapper: readonly string[] = []): Promise<string> {
  const own = ['--exec-root', '/run/second', '--pidfile', '/run/second.pid', '-H', 'unix:///run/second.sock'];
  const { code, stderr } = await host.run([...wrapper, launcher, 'daemon', ...own, ...flags]);
  assert.equal(code, 1);
  return stderr;
}

test('a second engine is refused that would work with the state, or build networks in the namespace, of another', async () => {
  await using host = await Host.create({});
  const [data, other] = [join(host.folder, 'data'), join(host.folder, 'other')];
  await using daemon = await Daemon.fairlead(host);
  await daemon.loadBusybox();
  await daemon.docker('run', '-d', '--name', 'web', 'busybox', 'sleep', '1000');
  const before = await host.exec('nft', 'list', 'ruleset');
  const state = /failed to start daemon: another engine \(process \d+\) works with \S+\/data: stop it first, or/;
  assert.match(await refusal(host, ['--data-root', data]), state);
  assert.match(await refusal(host, ['--data-root', data], ['unshare', '--net']), state);
  const network =
    /failed to start daemon: another engine \(process \d+\) builds networks in this network namespace: stop/;
  assert.match(await refusal(host, ['--data-root', other]), network);
  assert.equal(await host.exec('nft', 'list', 'ruleset'), before);
  assert.equal(await daemon.docker('exec', 'web', 'echo', 'up'), 'up\n');
  await daemon.kill9();
  await daemon.restart();
  assert.equal(await daemon.docker('exec', 'web', 'echo', 'up'), 'up\n');
  await daemon.docker('rm', '-f', 'web');
});
