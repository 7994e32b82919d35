import assert from 'node:assert/strict';
import { createReadStream, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '@fairlead/api/client';
import { labAddresses } from '@fairlead/lab';
import { buildKitPrograms, configWithBuildx, pathWith, withBuildKit } from '../lab/build-kit.ts';
import { peerProgram } from '../lab/peer.ts';
import { Registry } from '../lab/registry.ts';
import { EngineHost } from './engine-host.ts';

const programs = buildKitPrograms();

describe('BuildKit, with a buildkitd and Buildx that are installed', withBuildKit(), () => {
  let engine: EngineHost;
  let config: string;

  before(async () => {
    engine = await EngineHost.start({}, { env: { PATH: pathWith(programs) } }, [
      ...['--insecure-registry', `${labAddresses.host.ipv4}:5001`],
      ...['--registry-mirror', 'http://127.0.0.1:5000'],
    ]);
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

  const environment = () => ({ DOCKER_CONFIG: config, BUILDKIT_PROGRESS: 'plain', OF_CLIENT: 'of the environment' });
  const tryDocker = (...words: string[]) => engine.daemon.tryDocker(words, { env: environment() });

  const tryInHost = (...words: string[]) =>
    engine.host.run(words, { env: { ...environment(), DOCKER_HOST: engine.daemon.address, DOCKER_BUILDKIT: '1' } });

  /** A line for the docker command of before Buildx, which speaks with the engine itself. */
  const tryFormer = (line: string) => tryInHost('sh', '-c', `${peerProgram('docker')} build ${line}`);

  function context(dockerfile: string): string {
    const folder = mkdtempSync(join(engine.host.folder, 'context-'));
    writeFileSync(join(folder, 'Dockerfile'), dockerfile);
    return folder;
  }

  /** Wait until a step that runs such a command does so. */
  async function begun(command: string): Promise<void> {
    while (!(await engine.host.exec('ps', '-ef')).includes(command)) await sleep(50);
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

  test('steps have what the client has, files of their own and names that are given', async () => {
    const folder = context(`FROM busybox
RUN <<EOF
echo written here >/r
EOF
COPY <<EOF /r2
copied from here
EOF
RUN --mount=type=secret,id=s cat /run/secrets/s >>/r
RUN --mount=type=secret,id=e,env=E echo "$E" >>/r
RUN --mount=type=ssh test -S "$SSH_AUTH_SOCK" && echo agent >>/r
RUN --mount=type=bind,target=/context cat /context/bound >>/r
RUN --mount=type=tmpfs,target=/t grep -o '/t tmpfs' /proc/mounts >>/r
RUN grep -E 'named|gateway' /etc/hosts >>/r
CMD ["cat", "/r", "/r2"]
`);
    for (const name of ['bound', 'secret']) writeFileSync(join(folder, name), `${name}\n`);
    const words = [
      ...['--secret', `id=s,src=${join(folder, 'secret')}`, '--secret', 'id=e,env=OF_CLIENT', '--ssh', 'default'],
      ...[
        '--add-host',
        'named:10.9.8.7',
        '--add-host',
        'gateway:host-gateway',
        '--metadata-file',
        join(folder, 'meta'),
      ],
    ];
    const build = ['docker', 'buildx', 'build', ...words, '-t', 'served', folder];
    const { code, stderr } = await tryInHost('ssh-agent', ...build);
    assert.equal(code, 0, stderr);
    assert.equal(
      await docker('run', '--rm', 'served'),
      'written here\nsecret\nof the environment\nagent\nbound\n/t tmpfs\n10.9.8.7\tnamed\n172.17.0.1\tgateway\ncopied from here\n',
    );
    const told = JSON.parse(readFileSync(join(folder, 'meta'), 'utf8'));
    assert.equal(told['containerimage.digest'], await inspected('served'));
    assert.match(await docker('history', '--no-trunc', 'served'), /cat \/run\/secrets\/s .*buildkit\.dockerfile\.v0/);
  });

  test('results and caches go to registries of every kind, and come from them', async () => {
    const { host } = engine;
    const account = 'me:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a';
    const ip = labAddresses.host.ipv4;
    const mirror = await Registry.start(host);
    const kinds = [
      mirror,
      await Registry.start(host, 5001, undefined, { ip }),
      await Registry.start(host, 5002, account),
      await Registry.startOwnTls(host, 5003),
    ];
    // What a buildkitd was started with it knows of registries.
    await engine.daemon.restart();
    const folder = context('FROM busybox\nRUN echo pushed >/p\nCMD ["cat", "/p"]\n');
    const push = (address: string) => ['buildx', 'build', '--push', '-t', `${address}/p`, folder];
    assert.match((await tryDocker(...push('127.0.0.1:5002'))).stderr, /401 Unauthorized/);
    await docker('login', '-u', 'me', '-p', 'secret', '127.0.0.1:5002');
    for (const { address } of kinds) {
      await docker(...push(address), '--metadata-file', join(folder, 'meta'));
      const { 'containerimage.digest': digest } = JSON.parse(readFileSync(join(folder, 'meta'), 'utf8'));
      const digests = JSON.parse(await docker('inspect', '-f', '{{json .RepoDigests}}', `${address}/p`));
      assert.ok(digests.includes(`${address}/p@${digest}`), `${digests} without ${digest}`);
      await docker('rmi', `${address}/p`);
      assert.equal(await docker('run', '-q', '--rm', `${address}/p`), 'pushed\n');
    }
    const ref = `type=registry,ref=${kinds[3]?.address}/cache`;
    await docker('buildx', 'build', '--cache-to', ref, folder);
    await docker('buildx', 'prune', '-af');
    assert.match(await docker('buildx', 'build', '--cache-from', ref, folder), /RUN .*\n#\d+ CACHED/);
    await docker('tag', '127.0.0.1:5000/p', '127.0.0.1:5000/library/mirrored');
    await docker('push', '127.0.0.1:5000/library/mirrored');
    await docker('build', context('FROM mirrored\nRUN test -f /p\n'));
    await host.exec('umount', '/etc');
  });

  test('the docker command of 20.10 builds with it, without Buildx, from wherever its files come', async () => {
    const { host } = engine;
    const folder = context(
      'FROM busybox\nARG V\nRUN --mount=type=secret,id=s cat /run/secrets/s >/v; echo "$V" >>/v\n',
    );
    writeFileSync(join(folder, 'secret'), 'told\n');
    const options = `--secret id=s,src=${folder}/secret --build-arg V=1 -t former --iidfile ${folder}/id`;
    const built = await tryFormer(`--progress=plain ${options} ${folder}`);
    assert.equal(built.code, 0, built.stderr);
    assert.match(built.stderr, /naming to docker\.io\/library\/former:latest/);
    assert.equal(readFileSync(join(folder, 'id'), 'utf8'), await inspected('former'));
    assert.equal(await docker('run', '--rm', 'former', 'cat', '/v'), 'told\n1\n');
    await host.exec('tar', '-C', folder, '-cf', `${folder}.tar`, '.');
    const packed = await tryFormer(`-q -t packed - <${folder}.tar`);
    assert.deepEqual([packed.code, packed.stdout.trim()], [0, await inspected('packed')]);
    const plain = await tryFormer(`-q - <${folder}/Dockerfile`);
    assert.match(plain.stdout, /^sha256:/);
    const tree = await tryFormer(`-o ${folder}/tree ${folder}`);
    assert.equal(tree.code, 0, tree.stderr);
    assert.ok(existsSync(join(folder, 'tree/v')));
    const failed = await tryFormer(context('FROM busybox\nRUN exit 7\n'));
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /did not complete successfully: exit code: 7/);
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

  test('several builds go on at once, and one that is given up ends', async () => {
    const numbers = [1, 2, 3, 4];
    const slow = context('FROM busybox\nRUN sleep 1001\n');
    // Its own process is to be told, not the one that has entered the host for it.
    const given = tryInHost('sh', '-c', `echo $$ >${slow}/pid; exec docker build ${slow}`);
    await begun('sleep 1001');
    const build = (n: number) =>
      docker('build', '-q', '-t', `many:${n}`, context(`FROM busybox\nRUN ip addr show eth0; echo ${n} >/n\n`));
    await Promise.all(numbers.map(build));
    for (const n of numbers) assert.equal(await docker('run', '--rm', `many:${n}`, 'cat', '/n'), `${n}\n`);
    await engine.host.exec('kill', '-INT', readFileSync(join(slow, 'pid'), 'utf8').trim());
    // Later versions of Buildx end as programs do that a signal has ended, former ones with 1.
    assert.ok([1, 130].includes((await given).code));
    while ((await engine.host.exec('ps', '-ef')).includes('sleep 1001')) await sleep(50);
  });

  test('a library builds with a context that it sends along, and gives builds up by their ID', async () => {
    const { host, daemon } = engine;
    const api = new ApiClient(`unix://${daemon.socketPath}`);
    const build = async (dockerfile: string, query: Record<string, string>) => {
      const folder = context(dockerfile);
      await host.exec('tar', '-C', folder, '-cf', `${folder}.tar`, '.');
      const stream = createReadStream(`${folder}.tar`);
      return await Array.fromAsync(api.lines('POST', '/build', { query: { ...query, version: '2' }, stream }));
    };
    const lines = await build('FROM busybox\nRUN echo sent along >/s\n', { t: 'sent' });
    assert.deepEqual(lines.at(-1), { id: 'moby.image.id', aux: { ID: await inspected('sent') } });
    const given = build('FROM busybox\nRUN sleep 1002\n', { buildid: 'mine' });
    await begun('sleep 1002');
    await api.text('POST', '/build/cancel', { query: { id: 'mine' } });
    assert.deepEqual((await given).at(-1), { errorDetail: { message: 'context canceled' }, error: 'context canceled' });
  });

  test('a daemon that is killed in the middle of a build leaves nothing of it', async () => {
    const { host, daemon } = engine;
    const build = tryDocker('build', '-t', 'slow', context('FROM busybox\nRUN echo begun; sleep 1000\n'));
    await begun('sleep 1000');
    await daemon.kill9();
    assert.notEqual((await build).code, 0);
    await daemon.restart();
    while (/sleep 1000|buildkitd/.test(await host.exec('ps', '-ef'))) await sleep(50);
    assert.doesNotMatch(await host.exec('cat', '/proc/self/mountinfo'), /buildkit/);
    assert.deepEqual(JSON.parse(await docker('network', 'inspect', '-f', '{{json .Containers}}', 'bridge')), {});
    assert.equal(await host.exec('ls', '/run/netns'), '');
    assert.equal((await host.run(['grep', '-rl', host.folder, '/var/lib/cni/results'])).stdout, '');
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
