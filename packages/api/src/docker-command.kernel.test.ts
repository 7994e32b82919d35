import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { type ServedFake, serveFake } from './testing/index.ts';

/** What a run of the real docker command came to. */
interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** Text as clients since docker 23 write it: older ones leave out the brackets of `[::]:8080`. */
function bracketed(text: string): string {
  return text.replaceAll(/(?<= |^)::(?=:\d)/gm, '[::]');
}

/** Run the real docker command against the fake engine, with a home of its own. */
async function docker(fake: ServedFake, args: readonly string[], input = ''): Promise<Outcome> {
  const child = spawn('docker', args, {
    env: { PATH: process.env['PATH'], HOME: dirname(fake.socketPath), DOCKER_HOST: `unix://${fake.socketPath}` },
  });
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [out, error, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, out, error };
}

test('docker version and info know the server', async () => {
  await using fake = await serveFake();
  const version = await docker(fake, ['version', '--format', '{{.Server.Version}} {{.Server.APIVersion}}']);
  assert.deepEqual(version, { code: 0, out: '0.0.0 1.51\n', error: '' });
  const info = await docker(fake, ['info', '--format', '{{.ServerVersion}} {{.NCPU}} {{.Swarm.LocalNodeState}}']);
  assert.deepEqual(info, { code: 0, out: '0.0.0 2 inactive\n', error: '' });
});

test('docker run shows both streams and ends with the status of the process', async () => {
  await using fake = await serveFake();
  const run = await docker(fake, ['run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 3']);
  assert.deepEqual(run, { code: 3, out: 'out\n', error: 'err\n' });
  assert.equal(fake.engine.containers.list().length, 0);
});

test('docker run -i hands standard input on until its end', async () => {
  await using fake = await serveFake();
  const input = 'line\n'.repeat(50_000);
  const run = await docker(fake, ['run', '-i', '--rm', 'busybox', 'cat'], input);
  assert.equal(run.code, 0);
  assert.equal(run.out, input);
});

test('docker run pulls an image that is missing and shows the progress', async () => {
  await using fake = await serveFake();
  const run = await docker(fake, ['run', 'alpine', 'echo', 'pulled']);
  assert.equal(run.out, 'pulled\n');
  assert.match(
    run.error,
    /Unable to find image 'alpine:latest' locally\nlatest: Pulling from alpine\n4f4fb700ef54: Pull/,
  );
  const absent = await docker(fake, ['run', 'missing']);
  assert.equal(absent.code, 125);
  assert.match(absent.error, /Error response from daemon: manifest for missing:latest not found/);
});

test('docker exec joins a running container', async () => {
  await using fake = await serveFake();
  await docker(fake, ['run', '-d', '--name', 'web', 'busybox', 'sleep', '100']);
  assert.deepEqual(await docker(fake, ['exec', '-i', 'web', 'cat'], 'typed'), { code: 0, out: 'typed', error: '' });
  assert.equal((await docker(fake, ['exec', 'web', 'sh', '-c', 'exit 5'])).code, 5);
  const absent = await docker(fake, ['exec', 'web', 'absent']);
  assert.equal(absent.code, 127);
  assert.match(absent.out, /executable file not found in \$PATH/);
});

test('docker ps, port, inspect and logs show a container', async () => {
  await using fake = await serveFake();
  const command = ['run', '-d', '--name', 'web', '-p', '8080:80', 'busybox', 'sh', '-c', 'echo up; sleep 100'];
  const id = (await docker(fake, command)).out.trim();
  const list = await docker(fake, ['ps', '--format', '{{.Names}} {{.Image}} {{.Ports}}']);
  assert.equal(bracketed(list.out), 'web busybox 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp\n');
  assert.equal(bracketed((await docker(fake, ['port', 'web', '80'])).out), '0.0.0.0:8080\n[::]:8080\n');
  assert.equal((await docker(fake, ['logs', 'web'])).out, 'up\n');
  const template = '{{.Id}} {{.NetworkSettings.IPAddress}} {{.NetworkSettings.Networks.bridge.Gateway}}';
  assert.equal((await docker(fake, ['inspect', '--format', template, 'web'])).out, `${id} 172.17.0.2 172.17.0.1\n`);
  const nothing = await docker(fake, ['inspect', 'nothing']);
  assert.deepEqual([nothing.code, nothing.out], [1, '[]\n']);
  assert.match(nothing.error, /^error: no such object: nothing\n$/i);
});

test('docker network makes, lists, joins and removes networks', async () => {
  await using fake = await serveFake();
  const options = ['--subnet', '10.9.0.0/24', '--label', 'team=a'];
  assert.equal((await docker(fake, ['network', 'create', ...options, 'app'])).code, 0);
  const list = await docker(fake, ['network', 'ls', '--filter', 'label=team', '--format', '{{.Name}} {{.Driver}}']);
  assert.equal(list.out, 'app bridge\n');
  await docker(fake, [
    'run',
    '-d',
    '--name',
    'web',
    '--network',
    'app',
    '--network-alias',
    'www',
    'busybox',
    'sleep',
    '9',
  ]);
  const template = '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}';
  const inspect = await docker(fake, ['network', 'inspect', '--format', template, 'app']);
  assert.equal(inspect.out, 'web 10.9.0.2/24\n');
  const aliases = await docker(fake, ['inspect', '--format', '{{json .NetworkSettings.Networks.app.Aliases}}', 'web']);
  // Before version 1.45 of the API the short id is among them.
  assert.match(aliases.out, /^\["www"(,"[0-9a-f]{12}")?\]\n$/);
  assert.match(
    (await docker(fake, ['network', 'rm', 'app'])).error,
    /network app has active endpoints \(name:"web" id:"/,
  );
  await docker(fake, ['rm', '-f', 'web']);
  assert.deepEqual(await docker(fake, ['network', 'rm', 'app']), { code: 0, out: 'app\n', error: '' });
});
