import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon, Host } from '@fairlead/lab';

/** What the daemon does on SIGHUP, and what it tells of itself and of cleaning up. */

describe('a daemon that runs', { timeout: 60_000 }, () => {
  const parts = new AsyncDisposableStack();
  let host: Host;
  let daemon: Daemon;
  let file = '';

  before(async () => {
    host = parts.use(await Host.create({}));
    file = join(host.folder, 'daemon.json');
    writeFileSync(file, '{"labels": ["first=1"]}');
    daemon = parts.use(await Daemon.fairlead(host, ['--config-file', file]));
  });

  after(() => parts.disposeAsync());

  const events = async (...filters: string[]) => {
    const until = String(Math.floor(Date.now() / 1000) + 1);
    const words = filters.flatMap((filter) => ['-f', filter]);
    const format = '{{.Type}} {{.Action}} {{json .Actor.Attributes}}';
    return await daemon.docker('events', '--since', '0', '--until', until, ...words, '--format', format);
  };
  const facts = () => daemon.docker('info', '-f', '{{.Debug}} {{json .Labels}} {{json .RegistryConfig.Mirrors}}');
  const reloadWith = async (text: string, said: RegExp) => {
    writeFileSync(file, text);
    const before = daemon.log().length;
    process.kill(daemon.pid, 'SIGHUP');
    while (!said.test(daemon.log().slice(before))) await sleep(10);
  };

  test('takes over what its file says now, and keeps what it says nothing about', async () => {
    assert.equal(await facts(), 'false ["first=1"] null\n');
    const mirror = 'http://127.0.0.1:5999/';
    const text = JSON.stringify({ debug: true, 'registry-mirrors': [mirror], 'max-concurrent-downloads': 7 });
    await reloadWith(text, /configuration reloaded/);
    assert.equal(await facts(), `true ["first=1"] ["${mirror}"]\n`);
    const told = await events('type=daemon', 'event=reload');
    assert.match(told, /^daemon reload \{"debug":"true",.*"max-concurrent-downloads":"7"/);
    await reloadWith('{"labels": ["second=2"]}', /configuration reloaded/);
    assert.equal(await facts(), `true ["second=2"] ["${mirror}"]\n`);
  });

  for (const [text, reason] of [
    ['{"debug":', 'unable to configure the Docker daemon with file .*: unexpected EOF'],
    ['{"nosuch": 1}', "the following directives don't match any configuration option: nosuch"],
    ['{"pidfile": "/elsewhere"}', 'specified both as a flag and in the configuration file: pidfile'],
    ['{"max-concurrent-uploads": -1}', 'invalid max concurrent uploads: -1'],
  ] as const) {
    test(`stays as it was when its file cannot be: ${reason}`, async () => {
      const before = await facts();
      await reloadWith(text, new RegExp(`configuration not reloaded|${reason}`));
      assert.match(daemon.log(), new RegExp(reason));
      assert.equal(await facts(), before);
    });
  }

  test('tells when what nobody used was removed', async () => {
    await daemon.loadBusybox();
    for (const kind of ['container', 'network', 'image']) await daemon.docker(kind, 'prune', '-f');
    assert.equal(
      await events('event=prune'),
      'container prune {"reclaimed":"0"}\nnetwork prune {"reclaimed":"0"}\nimage prune {"reclaimed":"0"}\n',
    );
    assert.equal(await events('plugin=any'), '');
  });
});
