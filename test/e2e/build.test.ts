import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { ApiClient } from '@fairlead/api/client';
import { withoutBuildkitd } from '../lab/build-kit.ts';
import { besideDockerd20, dockerClient, peerProgram, unlessDocker20 } from '../lab/peer.ts';
import { Registry } from '../lab/registry.ts';
import { BuildRig, withoutIds } from './build-rig.ts';

/** `docker build` with the classic builder, as clients of two releases ask for it. */

const launcher = resolve(import.meta.dirname, '../../fairlead');
let rig: BuildRig;
const clients = { 'the machine’s': dockerClient(), '20.10’s': peerProgram('docker') };

before(async () => {
  rig = await BuildRig.fairlead();
});

after(() => rig[Symbol.asyncDispose]());

const docker = (...words: string[]) => rig.docker(...words);
const idOf = async (name: string) => (await docker('inspect', '-f', '{{.Id}}', name)).trim();

/** Build what has to succeed. */
async function built(...request: Parameters<BuildRig['build']>): Promise<string> {
  const { code, text } = await rig.build(...request);
  assert.equal(code, 0, text);
  return text;
}

for (const [whose, client] of Object.entries(clients)) {
  test(`${whose} docker command builds from a folder, its input and an archive`, async () => {
    const tag = `from:${whose.length}`;
    const lines = await built(
      { Dockerfile: 'FROM busybox\nCOPY note /\nRUN cat /note\nCMD ["cat", "/note"]', note: `for ${whose}\n` },
      { client, flags: ['-t', tag, '-t', 'other', '--no-cache'] },
    );
    assert.equal(
      withoutIds(lines),
      [
        ...['Step 1/4 : FROM busybox', ' ---> ID', 'Step 2/4 : COPY note /', ' ---> ID', 'Step 3/4 : RUN cat /note'],
        ...[' ---> Running in ID', `for ${whose}`, 'Removing intermediate container ID', ' ---> ID'],
        ...['Step 4/4 : CMD ["cat", "/note"]', ' ---> Running in ID', 'Removing intermediate container ID', ' ---> ID'],
        ...['Successfully built ID', `Successfully tagged ${tag}`, 'Successfully tagged other:latest'],
      ].join('\n'),
    );
    assert.equal(await docker('run', '--rm', tag), `for ${whose}\n`);
    assert.match(await built('', { client, input: 'FROM busybox\nENV a=b\n', flags: ['-q'] }), /^sha256:[0-9a-f]{64}$/);
    const elsewhere = {
      'sub/Other.Dockerfile': 'FROM busybox\nCOPY . /all/\nRUN ls -A /all',
      '.dockerignore': 'x*',
      x1: '',
      y: '',
    };
    const folder = rig.folder(elsewhere);
    const text = await rig.daemon.tryDocker(
      ['build', '--no-cache', '-f', join(folder, 'sub/Other.Dockerfile'), folder],
      {
        env: { DOCKER_BUILDKIT: '0' },
      },
    );
    assert.match(text.stdout, /\n\.dockerignore\nsub\ny\n/);
  });

  test(`${whose} docker command builds from a folder what its input says`, async () => {
    const dockerfile = 'FROM busybox\nCOPY note /\nRUN cat /note\n';
    const lines = await built({ note: 'a note\n' }, { client, dockerfile, flags: ['--no-cache'] });
    assert.match(lines, /\na note\n/);
  });
}

test('an archive may be plain or compressed, and what is none is refused', async () => {
  const api = new ApiClient(`unix://${rig.daemon.socketPath}`);
  const folder = rig.folder({ Dockerfile: 'FROM busybox\nCOPY a /\n', a: 'x' });
  const send = async (archive: Buffer) => {
    const stream = (async function* () {
      yield archive;
    })();
    return await Array.fromAsync(api.lines<{ stream?: string }>('POST', '/build', { stream, query: { t: 'packed' } }));
  };
  for (const option of ['', '-z', '-j', '-J', '--zstd']) {
    const words = ['-c', ...(option === '' ? [] : [option]), '-C', folder, '.'];
    const lines = await send(execFileSync('tar', words));
    assert.match(lines.at(-1)?.stream ?? '', /^Successfully tagged packed:latest/, option);
  }
  await assert.rejects(send(Buffer.alloc(2000, 'x')), { code: 'invalid-argument', message: /invalid tar archive/ });
  await assert.rejects(send(Buffer.alloc(1024)), { message: 'Cannot locate specified Dockerfile: Dockerfile' });
});

test('a step that was made before is taken over, as long as nothing of it has changed', async () => {
  const files = { Dockerfile: 'FROM busybox\nENV a=cached\nCOPY data /\nRUN cat /data >/copy\nLABEL x=y', data: 'one' };
  const hits = async (changes: Record<string, string> = {}, flags: string[] = []) =>
    (await built({ ...files, ...changes }, { flags })).match(/Using cache/g)?.length ?? 0;
  assert.equal(await hits(), 0);
  assert.equal(await hits(), 4);
  assert.equal(await hits({ data: 'two' }), 1);
  assert.equal(await hits({ Dockerfile: files.Dockerfile.replace('x=y', 'x=z') }), 3);
  assert.equal(await hits({}, ['--no-cache']), 0);
  assert.equal(await hits({ unrelated: 'x' }), 4);
  assert.equal(await hits({}, ['--cache-from', 'absent:1']), 0);
});

const likeOurs = unlessDocker20(
  'writes the kind of a file into its mode, which is another file for dockerd and for us',
);
test('files are the same for the cache whether docker’s command sends them or Fairlead’s own', likeOurs, async () => {
  const files = {
    Dockerfile: 'FROM busybox\nCOPY . /sent/\nRUN ls -A /sent',
    '.dockerignore': 'secret\n',
    secret: '',
    'sub/open': 'open',
  };
  assert.match(await built(files, { client: launcher }), /\n\.dockerignore\nDockerfile\nsub\n/);
  assert.equal((await built(files)).match(/Using cache/g)?.length, 2);
});

test('the steps of an image that came from elsewhere are taken over when it is named', async () => {
  const files = { Dockerfile: 'FROM busybox\nRUN echo once >/once\nCOPY data /\nCMD ["x"]', data: 'elsewhere' };
  await built(files, { flags: ['-t', 'origin'] });
  await using other = await BuildRig.fairlead();
  const archive = join(rig.host.folder, 'origin.tar');
  await docker('save', '-o', archive, 'origin');
  await other.docker('load', '-i', archive);
  assert.equal((await other.build(files)).text.includes('Using cache'), false);
  await other.docker('image', 'prune', '-f');
  const { text } = await other.build(files, { flags: ['--cache-from', 'origin', '-t', 'again'] });
  assert.equal(text.match(/Using cache/g)?.length, 3, text);
  assert.equal(
    await other.docker('inspect', '-f', '{{.Id}}', 'again'),
    await docker('inspect', '-f', '{{.Id}}', 'origin'),
  );
});

test('arguments reach those who declare them, and the cache; proxies reach all and no history', async () => {
  const text = 'ARG TAG=none\nFROM busybox:$TAG\nARG A=default\nARG TAG\nRUN echo "<$A $TAG $http_proxy>"';
  const flags = ['--build-arg', 'TAG=latest', '--build-arg', 'http_proxy=p', '--build-arg', 'unused=1'];
  const first = await built(text, { flags });
  assert.match(first, /<default latest p>/);
  assert.match(first, /\[Warning\] One or more build-args \[unused\] were not consumed/);
  assert.match(await built(text, { flags: [...flags, '--build-arg', 'A=mine'] }), /<mine latest p>/);
  assert.equal((await built(text, { flags: [...flags, '-t', 'args'] })).match(/Using cache/g)?.length, 3);
  const history = await docker('history', '--no-trunc', '--format', '{{.CreatedBy}}', 'args');
  assert.match(history, /\|2 A=default TAG=latest \/bin\/sh -c echo/);
});

test('stages stand on each other, take files of each other, and end where one wants', async () => {
  const text = `FROM busybox AS first
RUN echo one >/one; ln -s one /link
FROM scratch AS Middle
COPY --from=first /one /link /
FROM first AS third
COPY --from=1 /one /from-number
COPY --from=middle / /from-name
COPY --from=busybox /etc/passwd /from-image
RUN cat /from-number /from-name/link; wc -l </from-image
FROM absent`;
  assert.match(await built(text, { flags: ['--target', 'third'] }), /\none\none\n3\n/);
  assert.match(await built(text, { flags: ['--target', '0'] }), /^Step 1\/2 /);
  assert.match(
    (await rig.build(text, { flags: ['--target', 'x'] })).text,
    /failed to reach build target x in Dockerfile/,
  );
});

test('an image has instructions for those who begin with it', async () => {
  await built('FROM busybox\nONBUILD COPY a /\nONBUILD RUN cat /a', { flags: ['-t', 'parent'] });
  const text = await built(
    { Dockerfile: 'FROM parent\nRUN echo after', a: 'of the child' },
    { flags: ['-t', 'child'] },
  );
  assert.match(text, /# Executing 2 build triggers\n[\s\S]*of the child[\s\S]*\nafter\n/);
  assert.equal((await docker('inspect', '-f', '{{json .Config.OnBuild}}', 'child')).trim(), 'null');
});

test('archives are unpacked by ADD, whatever they are packed with, and copied by COPY', async () => {
  const folder = rig.folder({ 'in/a': 'content', 'in/sub/b': 'deep' });
  const tar = (name: string, ...options: string[]) => {
    execFileSync('tar', [
      '-c',
      ...options,
      '--owner=5',
      '--group=6',
      '-f',
      join(folder, name),
      '-C',
      join(folder, 'in'),
      '.',
    ]);
    return readFileSync(join(folder, name));
  };
  const archives = {
    'p.tar': tar('p.tar'),
    'g.tgz': tar('g.tgz', '-z'),
    'b.tbz': tar('b.tbz', '-j'),
    'x.txz': tar('x.txz', '-J'),
  };
  writeFileSync(join(folder, 'plain'), 'no archive');
  const adds = Object.keys(archives)
    .map((name) => `ADD ${name} /to/${name}/`)
    .join('\n');
  const text = await built({
    ...archives,
    'plain.gz': execFileSync('gzip', ['-nc', join(folder, 'plain')]),
    Dockerfile: `FROM busybox\n${adds}\nCOPY p.tar /copied/\nADD plain.gz /\nRUN cat /to/*/a /to/*/sub/b; ls -n /to/*/a | awk '{ print $1, $2, $3, $4 }'; ls /copied; zcat /plain.gz`,
  });
  assert.match(text, /(content){4}(deep){4}-rw-r--r-- +1 5 +6\n/);
  assert.match(text, /\np.tar\nno archive/);
});

test('commands run in the network that is asked for', async () => {
  await docker('network', 'create', 'own');
  const text = 'FROM busybox\nRUN readlink /proc/self/ns/net; ip -o -4 addr show; cat /etc/hosts';
  const run = (...flags: string[]) => built(text, { flags: ['--no-cache', ...flags] });
  const addresses = (said: string) => [...said.matchAll(/inet (\S+)/g)].map(([, address]) => address);
  assert.deepEqual(addresses(await run('--network', 'none')), ['127.0.0.1/8']);
  assert.match(await run('--network', 'own', '--add-host', 'here:10.1.2.3'), /10\.1\.2\.3\there/);
  const namespace = (await rig.host.exec('readlink', '/proc/self/ns/net')).trim();
  assert.ok((await run('--network', 'host')).includes(namespace));
  assert.match(addresses(await run()).join(' '), /172\.17\./);
  assert.match(
    (await rig.build(text, { flags: ['--no-cache', '--network', 'absent'] })).text,
    /network absent not found/,
  );
  assert.equal(await docker('ps', '-aq'), '');
});

test('a command that fails ends the docker command with its code and leaves its container to look at', async () => {
  const { code, text } = await rig.build('FROM busybox\nRUN echo out; echo err >&2; exit 7', {
    flags: ['-t', 'never'],
  });
  assert.equal(code, 7);
  assert.match(text, /The command '\/bin\/sh -c echo out; echo err >&2; exit 7' returned a non-zero code: 7$/);
  assert.match(text, /\x1b\[91merr\n\x1b\[0m/);
  assert.match(await docker('ps', '-a', '--no-trunc', '--format', '{{.Command}} {{.Status}}'), /exit 7.*Exited \(7\)/);
  await docker('container', 'prune', '-f');
  await rig.build('FROM busybox\nRUN exit 7', { flags: ['--force-rm'] });
  assert.equal(await docker('ps', '-aq'), '');
  assert.notEqual((await rig.daemon.tryDocker(['inspect', 'never'])).code, 0);
});

test('steps are hidden, are kept for what stands on them, and go with it', async () => {
  await docker('system', 'prune', '-af');
  await docker('load', '-i', join(rig.host.folder, 'busybox.tar'));
  await built('FROM busybox\nENV a=1\nRUN echo >/a\nENV b=2', { flags: ['-t', 'kept:1'] });
  await built('FROM busybox\nENV a=1\nRUN echo >/a\nENV c=3', { flags: ['-t', 'kept:2'] });
  const count = async (...words: string[]) => (await docker('images', '-q', ...words)).split('\n').length - 1;
  assert.equal(await count(), 3);
  assert.equal(await count('-a'), 5);
  assert.equal(await count('-f', 'dangling=true'), 0);
  const steps = (await docker('history', '-q', '--no-trunc', 'kept:1')).trim().split('\n');
  assert.equal(steps.filter((id) => id.startsWith('sha256:')).length, 4);
  assert.equal((await docker('inspect', '-f', '{{.Parent}}', 'kept:1')).trim(), steps[1]);
  assert.match(
    (await rig.daemon.tryDocker(['rmi', steps[1] ?? ''])).stderr,
    /conflict: unable to delete [0-9a-f]{12} \(cannot be forced\) - image has dependent child images/,
  );
  assert.equal((await docker('rmi', 'kept:1')).match(/Deleted/g)?.length, 1);
  assert.equal(await docker('rmi', 'busybox'), 'Untagged: busybox:latest\n');
  assert.equal(await count('-a'), 4);
  await built('FROM kept:2\nRUN echo >/dangling');
  assert.equal(await count('-f', 'dangling=true'), 1);
  assert.match(await docker('image', 'prune', '-f'), /deleted: sha256:[\s\S]*Total reclaimed space: [1-9]/);
  assert.equal((await docker('rmi', 'kept:2')).match(/Deleted/g)?.length, 6);
  assert.equal(await count('-a'), 0);
  assert.match(await docker('builder', 'prune', '-f'), /Total reclaimed space:\s+0B/);
  assert.match(await docker('system', 'df'), /Images +0 +0 +0B/);
  await docker('load', '-i', join(rig.host.folder, 'busybox.tar'));
});

test('an image that is not here is pulled; with --pull also one that is', async () => {
  const registry = await Registry.start(rig.host);
  const name = `${registry.address}/deep/base:1`;
  await built('FROM busybox\nENV generation=1', { flags: ['-t', name] });
  await docker('push', '-q', name);
  await docker('rmi', name);
  const text = `FROM ${name}\nRUN echo generation $generation`;
  assert.match(await built(text), /Status: Downloaded newer image for [\s\S]*\ngeneration 1\n/);
  await built('FROM busybox\nENV generation=2', { flags: ['-t', name] });
  await docker('push', '-q', name);
  await docker('tag', 'busybox', name);
  assert.match(await built(`FROM ${name}\nRUN echo "generation <$generation>"`), /<>/);
  assert.match(await built(text, { flags: ['--pull'] }), /\ngeneration 2\n/);
  const absent = await rig.build(`FROM ${registry.address}/absent`);
  assert.match(absent.text, /manifest for \S+absent:latest not found: manifest unknown/);
});

test('several builds go on at once and do not disturb each other', async () => {
  const numbers = [1, 2, 3, 4];
  await Promise.all(
    numbers.map((number) =>
      built(
        { Dockerfile: 'FROM busybox\nCOPY n /\nRUN sleep 0.2; cat /n >/out', n: `${number}` },
        { flags: ['-t', `many:${number}`] },
      ),
    ),
  );
  const said = await Promise.all(numbers.map((number) => docker('run', '--rm', `many:${number}`, 'cat', '/out')));
  assert.deepEqual(said, numbers.map(String));
});

test('an image that a build stands on cannot be removed under it', async () => {
  const slow = built('FROM busybox\nENV slow=1\nRUN sleep 3; echo >/late', { flags: ['-t', 'slow'] });
  while ((await docker('ps', '-q')) === '') await new Promise((resolve) => setTimeout(resolve, 20));
  await docker('image', 'prune', '-f');
  await docker('rmi', '-f', ...(await docker('images', '-aq')).trim().split('\n')).catch(() => '');
  await slow;
  await docker('load', '-i', join(rig.host.folder, 'busybox.tar'));
});

test('who asks for BuildKit where it is not installed is told what to do', withoutBuildkitd(), async () => {
  const { stderr, stdout } = await rig.daemon.tryDocker(['build', '-'], {
    env: { DOCKER_BUILDKIT: '0', DOCKER_API_VERSION: '1.40' },
    input: 'FROM busybox\nRUN --mount=type=cache,target=/x true',
  });
  assert.match(`${stdout}${stderr}`, /the --mount option requires BuildKit\./);
  const api = new ApiClient(`unix://${rig.daemon.socketPath}`);
  const message = /^BuildKit needs buildkitd, which is not on the PATH of the daemon: .* DOCKER_BUILDKIT=0/;
  await assert.rejects(api.text('POST', '/build', { query: { version: 2 } }), { code: 'not-implemented', message });
});

const likeDebian12 = { ...besideDockerd20(), ...withoutBuildkitd() };

test('the docker command of 20.10, which has BuildKit built in, is told the same', likeDebian12, async () => {
  const folder = rig.folder({ Dockerfile: 'FROM busybox' });
  const env = { DOCKER_BUILDKIT: '1', DOCKER_HOST: rig.daemon.address, DOCKER_CONFIG: rig.host.folder };
  const old = await rig.host.run([peerProgram('docker'), 'build', folder], { env });
  assert.notEqual(old.code, 0);
  assert.match(old.stderr, /BuildKit needs buildkitd, which is not on the PATH of the daemon: .* DOCKER_BUILDKIT=0/);
});

test('an image keeps its ID under what was built of it: nothing is left of a build but images', async () => {
  const id = await idOf('busybox');
  await built('FROM busybox', { flags: ['-t', 'same'] });
  assert.equal(await idOf('same'), id);
});
