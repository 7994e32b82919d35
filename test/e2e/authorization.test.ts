import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '@fairlead/api/client';
import { Daemon, Host } from '@fairlead/lab';
import { besideDockerd20, startDockerd, startFairlead } from '../lab/peer.ts';
import { type PluginCall, PluginRig } from './plugin-rig.ts';

/** A plugin that is asked about every request (`--authorization-plugin`), the same on both engines. */

interface Side {
  readonly host: Host;
  readonly plugin: PluginRig;
  readonly daemon: Daemon;
}

const parts = new AsyncDisposableStack();
const flags = ['--authorization-plugin', 'plug'];
let fairlead: Side;
let dockerd: Side;

async function start(startDaemon: (host: Host, flags: readonly string[]) => Promise<Daemon>): Promise<Side> {
  const host = parts.use(await Host.create({}));
  const plugin = new PluginRig(host, 'authorization');
  await plugin.start();
  const daemon = parts.use(await startDaemon(host, flags));
  await daemon.loadBusybox();
  return { host, plugin, daemon };
}

before(async () => {
  [fairlead, dockerd] = await Promise.all([start(startFairlead), start(startDockerd)]);
});

after(() => parts.disposeAsync());

const both = <T>(work: (side: Side) => Promise<T>): Promise<[T, T]> => Promise.all([work(fairlead), work(dockerd)]);
const api = ({ daemon }: Side) => new ApiClient(`unix://${daemon.socketPath}`, '1.41');

/** What a request is refused with. */
async function refusal(side: Side, method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
  const asked = api(side).text(method, path, body && { body });
  return await asked.then(
    () => undefined,
    ({ code, message }) => ({ code, message }),
  );
}

const text = (value: unknown) => Buffer.from(String(value ?? ''), 'base64').toString();

/** What the plugin was asked, without what the engines say of themselves. */
function told({ method, body }: PluginCall) {
  const { RequestBody, ResponseBody, ResponseHeaders, RequestHeaders, ...rest } = body;
  const type = (headers: unknown) => (headers as Record<string, string> | undefined)?.['Content-Type'];
  const types = [type(RequestHeaders), type(ResponseHeaders)];
  return { method, ...rest, types, request: text(RequestBody), hasBody: text(ResponseBody) !== '' };
}

test('the plugin is told of requests and answers as by dockerd', besideDockerd20(), async () => {
  const seen = await both(async (side) => {
    side.plugin.calls();
    const client = api(side);
    await client.text('GET', '/volumes/absent').catch(() => {});
    await client.json('GET', '/containers/json', { query: { all: '1' } });
    await client.json('POST', '/volumes/create', { body: { Name: 'one', Labels: { a: 'b' } } });
    await client.text('DELETE', '/volumes/one');
    await client.text('DELETE', '/volumes/absent').catch(() => {});
    return side.plugin.calls().map(told);
  });
  assert.deepEqual(...seen);
  assert.equal(seen[0].length, 10);
});

test(
  'what it denies is not done, or not shown, and the client is told in dockerd’s words',
  besideDockerd20(),
  async () => {
    const said = await both(async (side) => {
      const create = await refusal(side, 'POST', '/volumes/create', { Name: 'forbidden' });
      const target = await refusal(side, 'GET', '/volumes/forbidden');
      await api(side)
        .json('POST', '/volumes/create', { body: { Name: 'secret' } })
        .catch(() => {});
      const shown = await refusal(side, 'GET', '/volumes/secret');
      side.plugin.say('AuthZPlugin.AuthZReq', { status: 500, body: { Err: 'broken' } });
      const broken = await refusal(side, 'GET', '/version');
      side.plugin.say('AuthZPlugin.AuthZReq', { body: '<html>' });
      const nonsense = await refusal(side, 'GET', '/version');
      side.plugin.hush();
      await api(side).text('DELETE', '/volumes/secret');
      return [create, target, shown, broken, nonsense];
    });
    assert.deepEqual(...said);
    const message = 'authorization denied by plugin plug: not that';
    assert.deepEqual(said[0][0], { code: 'forbidden', message });
    assert.doesNotMatch(await fairlead.daemon.docker('volume', 'ls', '-q'), /forbidden/);
  },
);

test('commands that take connections over and those that stream work, and can be denied', async () => {
  const { daemon, plugin } = fairlead;
  assert.equal(await daemon.docker('run', '--rm', 'busybox', 'echo', 'hello'), 'hello\n');
  const denied = await daemon.tryDocker(['run', '--rm', '--name', 'forbidden', 'busybox', 'true']);
  assert.match(denied.stderr, /authorization denied by plugin plug: not that/);
  await daemon.docker('run', '-d', '--name', 'up', 'busybox', 'sleep', '1000');
  assert.equal(await daemon.docker('exec', 'up', 'echo', 'inside'), 'inside\n');
  assert.equal((await daemon.tryDocker(['exec', 'up', 'echo', 'forbidden'])).stdout, '');
  await daemon.docker('rm', '-f', 'up');
  assert.equal(JSON.parse(await daemon.docker('info', '-f', '{{json .Plugins.Authorization}}'))[0], 'plug');
  const long = await refusal(fairlead, 'POST', '/volumes/create', { Name: 'long', Labels: { a: 'x'.repeat(5 << 20) } });
  const message = 'request body too large for authorization plugin: size exceeds 4194304 bytes';
  assert.deepEqual(long, { code: 'internal', message });
  plugin.calls();
});

test('credentials are not shown to it', async () => {
  const { host, daemon, plugin } = fairlead;
  plugin.calls();
  const headers = [
    '-H',
    'X-Registry-Auth: e30=',
    '-H',
    'Authorization: Basic x',
    '-H',
    'Content-Type: application/json',
  ];
  const login = ['-d', '{"username":"me","password":"hidden"}', `http://localhost/v1.41/auth`];
  await host.run(['curl', '-s', '--unix-socket', daemon.socket, ...headers, ...login]);
  const calls = JSON.stringify(plugin.calls());
  assert.ok(calls.includes('/v1.41/auth'));
  assert.doesNotMatch(calls, /Registry-Auth|Basic|RequestBody/);
});

test('a daemon whose plugin is not there does not start, and which plugins are asked can be changed', async () => {
  await using host = await Host.create({});
  const missing = Daemon.fairlead(host, ['--authorization-plugin', 'nosuch']);
  await assert.rejects(
    missing,
    /failed to start daemon: failed to validate authorization plugin: .*nosuch.* not found/,
  );
  const file = join(host.folder, 'daemon.json');
  writeFileSync(file, '{"authorization-plugins": []}');
  const plugin = new PluginRig(host, 'authorization');
  await plugin.start();
  await using daemon = await Daemon.fairlead(host, ['--config-file', file]);
  await daemon.docker('volume', 'create', 'forbidden');
  const reloadWith = async (settings: object) => {
    writeFileSync(file, JSON.stringify(settings));
    await host.exec('kill', '-HUP', (await host.exec('cat', '/run/fairlead.pid')).trim());
  };
  await reloadWith({ 'authorization-plugins': ['plug', 'nosuch'], labels: ['new=1'] });
  while (!/configuration (not )?reloaded/.test(daemon.log())) await sleep(10);
  assert.match(
    daemon.log(),
    /failed to validate authorization plugin: .*nosuch.* not found.*configuration not reloaded/,
  );
  // dockerd ends here. Everything stays as it was: nobody is asked, and nobody is shut out.
  assert.equal(await daemon.docker('info', '-f', '{{json .Labels}}'), '[]\n');
  assert.equal((await daemon.tryDocker(['volume', 'inspect', 'forbidden'])).code, 0);
  await reloadWith({ 'authorization-plugins': ['plug'] });
  let ended = await daemon.tryDocker(['volume', 'inspect', 'forbidden']);
  while (ended.code === 0) ended = await daemon.tryDocker(['volume', 'inspect', 'forbidden']);
  assert.match(ended.stderr, /authorization denied by plugin plug: not that/);
});
