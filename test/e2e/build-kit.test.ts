import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '@fairlead/api/client';
import { buildKitPrograms, configWithBuildx, pathWith, withBuildKit } from '../lab/build-kit.ts';
import { EngineHost } from './engine-host.ts';

const programs = buildKitPrograms();

describe('BuildKit, with a buildkitd and Buildx that are installed', withBuildKit(), () => {
  let engine: EngineHost;
  let config: string;

  before(async () => {
    engine = await EngineHost.start({}, { env: { PATH: pathWith(programs) } });
    config = configWithBuildx(join(engine.host.folder, 'docker-config'), programs);
  });

  after(async () => {
    await engine[Symbol.asyncDispose]();
  });

  /** Run the docker command with Buildx. @throws Error with what it said when it fails. */
  async function docker(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await tryDocker(...words);
    assert.equal(code, 0, `${stdout}${stderr}`);
    return `${stdout}${stderr}`;
  }

  const tryDocker = (...words: string[]) =>
    engine.daemon.tryDocker(words, { env: { DOCKER_CONFIG: config, BUILDKIT_PROGRESS: 'plain' } });

  function context(dockerfile: string): string {
    const folder = mkdtempSync(join(engine.host.folder, 'context-'));
    writeFileSync(join(folder, 'Dockerfile'), dockerfile);
    return folder;
  }

  const inspected = async (name: string): Promise<string> => (await docker('inspect', '-f', '{{.Id}}', name)).trim();

  test('an image is built on one of the engine’s, and is the engine’s by its names and its ID', async () => {
    const folder = context(
      'FROM busybox\nRUN --mount=type=cache,target=/c echo made >/made && date >/c/x\nCOPY Dockerfile /\nCMD ["cat", "/made"]',
    );
    const id = join(folder, 'id');
    const text = await docker('build', '-t', 'app', '-t', 'other/app:2', '--iidfile', id, folder);
    assert.match(text, /naming to docker\.io\/library\/app:latest/);
    assert.equal(await inspected('app'), readFileSync(id, 'utf8'));
    assert.equal(await inspected('other/app:2'), readFileSync(id, 'utf8'));
    assert.equal(await docker('run', '--rm', 'app'), 'made\n');
    assert.match(await docker('build', '-t', 'app', folder), /RUN .*\n#\d+ CACHED/);
    assert.equal(await docker('build', '-q', folder), `${await inspected('app')}\n`);
  });

  test('an image without a name is there, and goes; one for another machine stays what it is', async () => {
    const id = (await docker('build', '-q', context('FROM busybox\nRUN echo nameless >/n\n'))).trim();
    assert.equal(await docker('run', '--rm', id, 'cat', '/n'), 'nameless\n');
    assert.match(await docker('images', '--filter', 'dangling=true', '--no-trunc', '-q'), new RegExp(id));
    await docker('rmi', id);
    const other = context('FROM scratch\nCOPY Dockerfile /\n');
    await docker('build', '-q', '--platform', 'linux/s390x', '-t', 'elsewhere', other);
    assert.equal(await docker('inspect', '-f', '{{.Architecture}}', 'elsewhere'), 's390x\n');
    assert.doesNotMatch(await docker('images', '--no-trunc', '-q'), new RegExp(id));
  });

  test('a step is on the default network, as a container is, and not on the host’s', async () => {
    const folder = context('FROM busybox\nRUN ip -o addr show && ping -c 1 -W 5 172.17.0.1\n');
    const text = await docker('build', '--no-cache', folder);
    assert.match(text, /eth0 +inet 172\.17\.0\.\d+\/16/);
    assert.match(text, /1 packets received/);
    assert.doesNotMatch(text, /docker0/);
    const lone = await docker('build', '--no-cache', '--network', 'none', context('FROM busybox\nRUN ip -o link\n'));
    assert.doesNotMatch(lone, /eth0/);
    const shared = await docker('build', '--no-cache', '--network', 'host', context('FROM busybox\nRUN ip -o link\n'));
    assert.match(shared, /docker0/);
  });

  test('what fails is told in BuildKit’s words, and other outputs go where they are asked for', async () => {
    const failed = await tryDocker('build', context('FROM busybox\nRUN exit 7\n'));
    assert.notEqual(failed.code, 0);
    assert.match(failed.stderr, /did not complete successfully: exit code: 7/);
    const folder = context('FROM busybox\nRUN echo out >/out\n');
    await docker('build', '-o', `type=local,dest=${join(folder, 'tree')}`, folder);
    assert.equal(readFileSync(join(folder, 'tree', 'out'), 'utf8'), 'out\n');
  });

  test('its cache is part of what is used of the disk, and is pruned', async () => {
    const { host, daemon } = engine;
    const api = new ApiClient(`unix://${daemon.socketPath}`);
    const used = async () => (await api.json<{ BuildCache: { Type: string }[] }>('GET', '/system/df')).BuildCache;
    await docker(
      'build',
      '-q',
      context('FROM busybox\nRUN echo of no image >/x\nRUN --mount=type=cache,target=/c true\n'),
    );
    assert.ok((await used()).some(({ Type }) => Type === 'exec.cachemount'));
    assert.match(await docker('system', 'df'), /Build Cache +[1-9]/);
    assert.match(await docker('system', 'prune', '-af'), /Deleted build cache objects:/);
    assert.deepEqual(await used(), []);
    await docker('load', '-i', join(host.folder, 'busybox.tar'));
  });

  test('a daemon that is killed in the middle of a build leaves nothing of it', async () => {
    const { host, daemon } = engine;
    const build = tryDocker('build', '-t', 'slow', context('FROM busybox\nRUN echo begun; sleep 1000\n'));
    while (!(await host.exec('ps', '-ef')).includes('sleep 1000')) await sleep(50);
    await daemon.kill9();
    assert.notEqual((await build).code, 0);
    await daemon.restart();
    while (/sleep 1000|buildkitd/.test(await host.exec('ps', '-ef'))) await sleep(50);
    assert.doesNotMatch(await host.exec('cat', '/proc/self/mountinfo'), /buildkit/);
    assert.deepEqual(JSON.parse(await docker('network', 'inspect', '-f', '{{json .Containers}}', 'bridge')), {});
    assert.equal(await host.exec('ls', '/run/netns'), '');
    assert.match(await docker('build', '--no-cache', context('FROM busybox\nRUN echo begun again\n')), /begun again/);
  });

  test('a daemon that ends takes its buildkitd with it', async () => {
    const { host, daemon } = engine;
    assert.match(await host.exec('ps', '-ef'), /buildkitd --config/);
    await daemon.restart();
    assert.doesNotMatch(await host.exec('ps', '-ef'), /buildkitd/);
    assert.doesNotMatch(await host.exec('cat', '/proc/self/mountinfo'), /buildkit/);
    const networks = join(host.folder, 'data/buildkit/net/cni');
    assert.deepEqual(existsSync(networks) ? readdirSync(networks) : [], []);
  });
});
