import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Daemon, Host } from '@fairlead/lab';
import { peerProgram, startFairlead } from '../lab/peer.ts';

/** The docker command in the versions that it can speak, and in those that it was. */

let host: Host;
let daemon: Daemon;

/** Taken apart also when a step of the set-up fails. */
const parts = new AsyncDisposableStack();

before(async () => {
  host = parts.use(await Host.create());
  daemon = parts.use(await startFairlead(host));
  await daemon.loadBusybox();
});

after(() => parts.disposeAsync());

/** A life of a container in one version of the API: what each step prints. */
async function life(run: (...words: string[]) => Promise<string>): Promise<string[]> {
  return [
    await run('network', 'create', '--subnet', '10.66.0.0/24', 'app').then((id) => String(id.trim().length)),
    await run(
      'run',
      '-d',
      '--name',
      'web',
      '--network',
      'app',
      '--ip',
      '10.66.0.9',
      '-l',
      'k=v',
      'busybox',
      'sleep',
      '99',
    ).then((id) => String(id.trim().length)),
    await run('exec', 'web', 'echo', 'inside'),
    await run('ps', '--filter', 'name=^web$', '--format', '{{.Names}} {{.Image}} {{.Networks}}'),
    await run('inspect', '-f', '{{.State.Running}} {{.NetworkSettings.Networks.app.IPAddress}}', 'web'),
    await run('images', '--format', '{{.Repository}}:{{.Tag}}'),
    await run('network', 'inspect', '-f', '{{len .Containers}}', 'app'),
    await run('rm', '-f', 'web'),
    await run('network', 'rm', 'app'),
    await run('run', '--rm', 'busybox', 'echo', 'done'),
  ];
}

const expected = [
  '64',
  '64',
  'inside\n',
  'web busybox app\n',
  'true 10.66.0.9\n',
  'busybox:latest\n',
  '1\n',
  'web\n',
  'app\n',
  'done\n',
];

for (const version of ['1.24', '1.40', '1.44', '1.51']) {
  test(`the docker command lives a container's life in version ${version} of the API`, async () => {
    const steps = await life(async (...words) => {
      const { code, stdout, stderr } = await daemon.tryDocker(words, { env: { DOCKER_API_VERSION: version } });
      assert.equal(code, 0, `${words.join(' ')}: ${stderr}`);
      return stdout;
    });
    assert.deepEqual(steps, expected);
  });
}

test('the docker command that the distribution packages does so, too', async () => {
  const client = [peerProgram('docker'), '-H', daemon.address];
  assert.deepEqual(await life((...words) => host.exec(...client, ...words)), expected);
});

test('a client that is too new or too old is told so', async () => {
  const refusals: readonly (readonly [string, RegExp])[] = [
    ['1.99', /client version 1\.99 is too new\. Maximum supported API version is 1\.51/],
    ['1.12', /client version 1\.12 is too old\. Minimum supported API version is 1\.24/],
  ];
  // Not by the docker command: from 29 on it looks for a version that both know.
  const ask = ['curl', '-s', '-w', '%{http_code}', '--unix-socket', daemon.socket];
  for (const [version, text] of refusals) {
    const answer = await host.exec(...ask, `http://localhost/v${version}/containers/json`);
    assert.match(answer, text);
    assert.match(answer, /400$/);
  }
});
