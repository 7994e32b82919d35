import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { busyboxImage, type Daemon, Host } from '@fairlead/lab';
import { eventually } from '../e2e/life-rig.ts';
import { startFairlead } from '../lab/peer.ts';
import { Registry } from '../lab/registry.ts';

/** What the docker command shows and says where scripts rely on it, as dockerd does. */

let host: Host;
let daemon: Daemon;
const docker = (...words: string[]) => daemon.docker(...words);
/** Exit code, and what was said on standard error. */
async function refused(...words: string[]): Promise<string> {
  const { code, stderr } = await daemon.tryDocker(words);
  return `${code} ${stderr}`;
}

/** Taken apart also when a step of the set-up fails. */
const parts = new AsyncDisposableStack();

before(async () => {
  host = parts.use(await Host.create());
  daemon = parts.use(await startFairlead(host));
  const image = join(host.folder, 'busybox.tar');
  await busyboxImage(image, { files: { '/var/www/index.html': 'it works\n' } });
  await docker('load', '-i', image);
});

after(() => parts.disposeAsync());

test('anchored names and exit codes filter as they say', async () => {
  await docker('run', '-d', '--name', 'web', 'busybox', 'sleep', '99');
  await docker('run', '-d', '--name', 'web2', 'busybox', 'sleep', '99');
  const names = (filter: string) => docker('ps', '-a', '--filter', filter, '--format', '{{.Names}}');
  assert.equal(await names('name=^web$'), 'web\n');
  assert.equal(await names('name=^/web$'), 'web\n');
  assert.equal(await names('exited=0'), '');
  await docker('rm', '-f', 'web', 'web2');
});

test('a container that takes the address of one before it is reached at once', async () => {
  for (const [name, port] of [
    ['first', '8081'],
    ['second', '8082'],
  ] as const) {
    await docker('run', '-d', '--name', name, '-p', `${port}:80`, 'busybox', 'httpd', '-f', '-h', '/var/www');
    const fetch = ['--retry', '5', '--retry-connrefused', '--retry-delay', '0', `http://127.0.0.1:${port}/index.html`];
    assert.equal(await host.exec('curl', '-s', '-m', '3', ...fetch), 'it works\n');
    await docker('rm', '-f', name);
  }
});

test('whoever left the last network can join again', async () => {
  await docker('network', 'create', 'app');
  await docker('run', '-d', '--name', 'guest', '--network', 'app', 'busybox', 'sleep', '99');
  await docker('network', 'disconnect', 'app', 'guest');
  assert.match(await refused('network', 'disconnect', 'app', 'guest'), /^1 .*is not connected to network app/);
  await docker('network', 'connect', '--alias', 'g', 'app', 'guest');
  await docker('restart', '-t', '0', 'guest');
  assert.equal(
    await docker('inspect', '-f', '{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{end}}', 'guest'),
    'app \n',
  );
  await docker('rm', '-f', 'guest');
  await docker('network', 'rm', 'app');
});

test('an import prints the image’s id and nothing else, and says at once what is no archive', async () => {
  const root = join(host.folder, 'root');
  mkdirSync(join(root, 'bin'), { recursive: true });
  await host.exec('cp', '/bin/busybox', join(root, 'bin/busybox'));
  const archive = join(host.folder, 'root.tar');
  await host.exec('tar', '-C', root, '-cf', archive, '.');
  assert.match(
    await docker('import', '-c', 'CMD ["/bin/busybox","echo","hi"]', archive, 'own:1'),
    /^sha256:[0-9a-f]{64}\n$/,
  );
  assert.equal(await docker('run', '--rm', 'own:1'), 'hi\n');
  await docker('rmi', 'own:1');
});

test('an import fetches what is at a URL', async () => {
  const url = 'http://127.0.0.1:8099/root.tar';
  host.start(['busybox', 'httpd', '-f', '-p', '127.0.0.1:8099', '-h', host.folder]);
  await eventually(
    'it is served',
    async () => (await host.run(['busybox', 'wget', '-qO', '/dev/null', url])).code === 0,
  );
  assert.match(await docker('import', url, 'own:2'), new RegExp(`^Downloading from ${url}\nsha256:[0-9a-f]{64}\n$`));
  assert.equal(await docker('history', '--format', '{{.Comment}}', 'own:2'), `Imported from ${url}\n`);
  assert.equal(await docker('run', '--rm', 'own:2', '/bin/busybox', 'echo', 'hi'), 'hi\n');
  await docker('rmi', 'own:2');
  assert.match(
    await refused('import', `${url}.gz`, 'own:3'),
    /^1 .*failed to GET .*root\.tar\.gz with status 404 Not Found/s,
  );
});

test('all of the past and nothing of the future', async () => {
  assert.equal(await docker('events', '--since', '0', '--until', '0'), '');
  assert.match(await docker('events', '--since', '0', '--until', '0s'), /container create/);
});

test('a pull of what a registry does not have says so', async () => {
  const registry = await Registry.start(host);
  const reference = `${registry.address}/team/absent`;
  assert.match(await refused('pull', reference), /^1 .*manifest for .*absent:latest not found: manifest unknown/s);
  assert.match(await refused('run', '--rm', reference, 'true'), /^125 /);
});

test('a terminal is one on both sides', async () => {
  const words = `docker run --rm -it busybox sh -c 'tty; exit 4'`;
  const env = { DOCKER_HOST: daemon.address };
  const { code, stdout } = await host.run(['script', '-qec', words, '/dev/null'], { env });
  assert.equal(code, 4);
  assert.match(stdout, /\/dev\/pts\/0\r\n/);
});

test('options that cannot be had are refused or named, not passed over', async () => {
  const run = (...words: string[]) => refused('run', '--rm', ...words, 'busybox', 'true');
  assert.match(await run('--gpus', 'all'), /^125 .*could not select device driver "" with capabilities: \[\[gpu\]\]/);
  assert.match(await run('--runtime', 'other'), /^125 .*unknown or invalid runtime name: other/);
  assert.match(await run('--log-driver', 'awslogs'), /^125 .*the logging driver awslogs is not supported yet/);
  assert.match(await run('--stop-signal', 'FOO'), /^125 .*invalid signal: FOO/);
  assert.match(await run('--cpus', '1000'), /^125 .*range of CPUs is from 0\.01/);
  assert.match(
    await run('--pull', 'never', '--platform', 'linux/s390x'),
    /^125 .*does not match the specified platform/,
  );
  assert.equal(await docker('ps', '-aq'), '');
});
