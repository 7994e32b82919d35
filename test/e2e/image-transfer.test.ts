import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ApiClient } from '@fairlead/api/client';
import { busyboxImage, type Daemon, Host } from '@fairlead/lab';
import { dockerClient, peerProgram, startDockerd, startFairlead } from '../lab/peer.ts';
import { Registry } from '../lab/registry.ts';

/** Images that leave an engine, and come back. */

let host: Host;
let daemon: Daemon;
const docker = (...words: string[]) => daemon.docker(...words);
const inFolder = (name: string) => join(host.folder, name);
const clients = { 'the machine’s': dockerClient(), '20.10’s': peerProgram('docker') };

/** The docker command of a certain version. */
async function by(client: string, ...words: string[]): Promise<string> {
  return await host.exec('env', `DOCKER_HOST=${daemon.address}`, `DOCKER_CONFIG=${host.folder}`, client, ...words);
}

before(async () => {
  host = await Host.create();
  daemon = await startFairlead(host);
  await busyboxImage(inFolder('busybox.tar'));
  await docker('load', '-i', inFolder('busybox.tar'));
  for (const name of ['one', 'two']) {
    await docker('run', '--name', name, 'busybox', 'sh', '-c', `echo ${name} >/${name}`);
    await docker('commit', '-c', `CMD ["cat", "/${name}"]`, name, `made:${name}`);
    await docker('rm', name);
  }
  await docker('tag', 'made:one', 'localhost:5000/deep/name:v1');
});

after(async () => {
  await daemon[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

const idOf = async (name: string) => (await docker('inspect', '-f', '{{.Id}}', name)).trim();

for (const [whose, client] of Object.entries(clients)) {
  test(`what ${whose} docker command saves and removes it can load again`, async () => {
    const names = ['made:one', 'made:two', 'localhost:5000/deep/name:v1'];
    const before = await Promise.all(names.map(idOf));
    await by(client, 'save', '-o', inFolder('saved.tar'), ...names);
    await by(client, 'rmi', ...names);
    assert.equal((await daemon.tryDocker(['inspect', 'made:one'])).code, 1);
    const loaded = await by(client, 'load', '-i', inFolder('saved.tar'));
    for (const name of names) assert.match(loaded, new RegExp(`Loaded image: ${name}\n`));
    assert.deepEqual(await Promise.all(names.map(idOf)), before);
    assert.equal(await docker('run', '--rm', 'made:two'), 'two\n');
  });
}

test('an archive holds what images share once, and all tags of a repository', async () => {
  await docker('save', '-o', inFolder('both.tar'), 'made');
  const names = execFileSync('tar', ['-tf', inFolder('both.tar')], { encoding: 'utf8' })
    .trim()
    .split('\n');
  assert.equal(names.filter((name) => /sha256\/./.test(name)).length, 1 + 2 * 3);
  const index = execFileSync('tar', ['-xOf', inFolder('both.tar'), 'manifest.json'], { encoding: 'utf8' });
  const manifest: { RepoTags: string[] | null }[] = JSON.parse(index);
  assert.deepEqual(manifest.flatMap(({ RepoTags }) => RepoTags).sort(), ['made:one', 'made:two']);
  await docker('save', '-o', inFolder('nameless.tar'), await idOf('made:one'));
  const nameless = execFileSync('tar', ['-xOf', inFolder('nameless.tar'), 'manifest.json'], { encoding: 'utf8' });
  assert.match(nameless, /"RepoTags":null/);
  const refused = async (name: string) => (await daemon.tryDocker(['save', '-o', inFolder('x'), name])).stderr;
  assert.match(await refused('absent'), /: No such image: absent\n/);
  assert.match(await refused('made:three'), /: reference does not exist\n/);
});

test('Docker loads what Fairlead saves, and Fairlead what Docker saves', async () => {
  await docker('save', '-o', inFolder('fairlead.tar'), 'made:one', 'made:two');
  await using peerHost = await Host.create();
  await using peer = await startDockerd(peerHost, ['--iptables=false', '--bridge=none']);
  const loaded = await peer.docker('load', '-i', inFolder('fairlead.tar'));
  assert.match(loaded, /Loaded image: made:one\n/);
  // From 29 on an image's id is, to dockerd, that of its manifest and not that of its configuration.
  const [major = ''] = (await peer.docker('version', '-f', '{{.Server.Version}}')).split('.');
  const id = Number(major) < 29 ? '{{.Id}} ' : '';
  const inspect = ['inspect', '-f', `${id}{{.Config.Cmd}} {{.RootFS.Layers}}`];
  assert.equal(await peer.docker(...inspect, 'made:two'), await docker(...inspect, 'made:two'));
  await peer.docker('save', '-o', join(peerHost.folder, 'docker.tar'), 'made:one');
  await docker('rmi', 'made:one');
  await docker('load', '-i', join(peerHost.folder, 'docker.tar'));
  assert.equal(await docker('run', '--rm', 'made:one'), 'one\n');
});

test('an image is pushed, not sent twice, and pulled again as it was', async () => {
  const { address } = await Registry.start(host, 5001);
  const name = `${address}/team/app`;
  await docker('tag', 'made:two', `${name}:v1`);
  const id = await idOf(`${name}:v1`);
  const first = await docker('push', `${name}:v1`);
  assert.match(first, new RegExp(`The push refers to repository \\[${name}\\]`));
  assert.match(first, /Pushed/);
  const [, digest] = /v1: digest: (sha256:[0-9a-f]{64}) size: \d+/.exec(first) ?? [];
  assert.equal(await docker('inspect', '-f', '{{.RepoDigests}}', 'made:two'), `[${name}@${digest}]\n`);
  assert.doesNotMatch(await docker('push', `${name}:v1`), /Pushed/);
  await docker('tag', 'made:two', `${address}/another:v2`);
  assert.match(await docker('push', `${address}/another:v2`), /Mounted from team\/app/);
  await docker('rmi', `${name}:v1`, `${address}/another:v2`, 'made:two');
  await docker('pull', `${name}:v1`);
  assert.equal(await idOf(`${name}:v1`), id);
  assert.equal(await docker('inspect', '-f', '{{index .RepoDigests 0}}', `${name}:v1`), `${name}@${digest}\n`);
  assert.equal(await docker('run', '--rm', `${name}:v1`), 'two\n');
  const client = new ApiClient(`unix://${daemon.socketPath}`);
  const { Descriptor, Platforms } = await client.json<{
    Descriptor: { digest: string };
    Platforms: { os: string }[];
  }>('GET', `/distribution/${name}:v1/json`);
  assert.deepEqual([Descriptor.digest, Platforms.map(({ os }) => os)], [digest, ['linux']]);
  await docker('tag', `${name}:v1`, 'made:two');
});

test('all tags of a repository are pulled at once, also by a request that names none', async () => {
  const { address } = await Registry.start(host, 5003);
  const name = `${address}/many`;
  for (const tag of ['a', 'b', 'c']) {
    await docker('tag', tag === 'c' ? 'made:two' : 'made:one', `${name}:${tag}`);
    await docker('push', `${name}:${tag}`);
  }
  const tags = () => docker('images', '--format', '{{.Tag}}', name);
  const removeAll = () => docker('rmi', ...['a', 'b', 'c'].map((tag) => `${name}:${tag}`));
  await removeAll();
  const pulled = await docker('pull', '-a', name);
  // As dockerd says it: nothing of layers of an image that is here by then, and how it went once, at the end.
  const digest = 'Digest: sha256:X';
  const said = pulled.replace(/[0-9a-f]{64}/g, 'X').split('\n');
  assert.deepEqual(said.slice(-3), [`Status: Downloaded newer image for ${name}`, name, '']);
  // The registry tells tags in the order in which its disk has them.
  const pulls = said
    .slice(0, -3)
    .join('\n')
    .split(/\n(?=\w: Pulling)/);
  assert.deepEqual(
    pulls.sort(),
    ['a', 'b', 'c'].map((tag) => `${tag}: Pulling from many\n${digest}`),
  );
  assert.match(await docker('pull', '-a', name), new RegExp(`\nStatus: Image is up to date for ${name}\n`));
  assert.deepEqual((await tags()).trim().split('\n').sort(), ['a', 'b', 'c']);
  await removeAll();
  const client = new ApiClient(`unix://${daemon.socketPath}`);
  await client.text('POST', '/images/create', { query: { fromImage: name } });
  assert.deepEqual((await tags()).trim().split('\n').sort(), ['a', 'b', 'c']);
  await removeAll();
});

test('what cannot be pushed is said in Docker’s words', async () => {
  const { stderr: unknown } = await daemon.tryDocker(['push', '127.0.0.1:5001/absent']);
  assert.match(unknown, /An image does not exist locally with the tag: 127.0.0.1:5001\/absent/);
  await docker('tag', 'made:two', '127.0.0.1:9/nobody:v1');
  assert.match((await daemon.tryDocker(['push', '127.0.0.1:9/nobody:v1'])).stderr, /connection refused/);
});

test('a registry with accounts takes who has logged in, and nobody else', async () => {
  // The password is "secret".
  const account = 'me:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a';
  const { address } = await Registry.start(host, 5002, account);
  await docker('tag', 'made:one', `${address}/app:v1`);
  const login = (password: string) => daemon.tryDocker(['login', '-u', 'me', '-p', password, address]);
  assert.match((await daemon.tryDocker(['push', `${address}/app:v1`])).stderr, /no basic auth credentials/);
  assert.match((await login('wrong')).stderr, /login attempt to http:\/\/.* failed with status: 401 Unauthorized/);
  assert.match((await login('secret')).stdout, /Login Succeeded/);
  assert.match(await docker('push', `${address}/app:v1`), /digest: sha256/);
  await docker('rmi', `${address}/app:v1`);
  await docker('pull', `${address}/app:v1`);
});

test('a registry is trusted whose certificate stands where Docker looks for it', async () => {
  const { address } = await Registry.startOwnTls(host, 5004);
  await docker('tag', 'made:one', `${address}/app:v1`);
  assert.match(await docker('push', `${address}/app:v1`), /digest: sha256/);
  await docker('rmi', `${address}/app:v1`);
  await docker('pull', `${address}/app:v1`);
  await host.exec('umount', '/etc');
  const strange = await daemon.tryDocker(['pull', `${address}/app:v1`]);
  assert.match(strange.stderr, /certificate/);
});
