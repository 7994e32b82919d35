import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ApiClient } from '@fairlead/api/client';
import type { Daemon, Host } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';

/** Files that the docker command takes into containers and out of them, running or not. */

let engine: EngineHost;
let host: Host;
let daemon: Daemon;
const docker = (...words: string[]) => daemon.docker(...words);
const failing = async (...words: string[]) => (await daemon.tryDocker(words)).stderr;
const inFolder = (...names: string[]) => join(host.folder, ...names);
const both = ['running', 'stopped'] as const;

before(async () => {
  engine = await EngineHost.start({ '/var/www/index.html': 'it works\n' });
  ({ host, daemon } = engine);
  mkdirSync(inFolder('bound'));
  writeFileSync(inFolder('bound', 'file'), 'from the host\n');
  for (const name of both) {
    const binds = ['-v', `${inFolder('bound')}:/bound`, '-v', `${inFolder('bound')}:/protected:ro`];
    const prepare =
      'mkdir -p /made/deep && echo inside >/made/file && ln -s ../file /made/deep/link && ln -s /etc /made/etc &&' +
      'ln /made/file /made/hard && chown 12:34 /made/file && chmod 4750 /made/file && mkfifo /made/pipe';
    await docker('run', '-d', '--name', name, '--tmpfs', '/scratch', ...binds, 'busybox', 'sleep', '1000');
    await docker('exec', name, 'sh', '-c', prepare);
  }
  await docker('stop', '-t', '0', 'stopped');
});

after(() => engine[Symbol.asyncDispose]());

for (const name of both) {
  test(`files come out of a ${name} container as they are`, async () => {
    const archive = inFolder(`out-${name}.tar`);
    const url = `http://localhost/containers/${name}/archive?path=/made`;
    await host.exec('curl', '-sf', '--unix-socket', daemon.socket, '-o', archive, url);
    const listing = execFileSync('tar', ['--numeric-owner', '-tvf', archive], { encoding: 'utf8' }).trim().split('\n');
    assert.deepEqual(
      listing.map((line) => line.replace(/^(\S+) +(\S+) +.*\d\d:\d\d (.*)$/, '$1 $2 $3')),
      [
        'drwxr-xr-x 0/0 made/',
        'drwxr-xr-x 0/0 made/deep/',
        'lrwxrwxrwx 0/0 made/deep/link -> ../file',
        'lrwxrwxrwx 0/0 made/etc -> /etc',
        '-rwsr-x--- 12/34 made/file',
        'hrwsr-x--- 12/34 made/hard link to made/file',
        'prw-r--r-- 0/0 made/pipe',
      ],
    );
    await docker('cp', `${name}:/made`, inFolder(`out-${name}`));
    assert.equal(readFileSync(inFolder(`out-${name}`, 'hard'), 'utf8'), 'inside\n');
  });

  test(`files go into a ${name} container, and come out again`, async () => {
    const content = Buffer.alloc(5_000_000, name);
    writeFileSync(inFolder('large'), content);
    await docker('cp', inFolder('large'), `${name}:/var/www/`);
    await docker('cp', `${name}:/var/www/large`, inFolder(`large-${name}`));
    assert.ok(readFileSync(inFolder(`large-${name}`)).equals(content));
    await docker('cp', inFolder('bound'), `${name}:/made/renamed`);
    const { stdout } = await daemon.tryDocker(['cp', `${name}:/made/renamed/file`, '-']);
    assert.match(stdout, /from the host/);
  });

  test(`binds of a ${name} container are those of the host`, async () => {
    await docker('cp', `${name}:/bound/file`, inFolder(`bound-${name}`));
    assert.equal(readFileSync(inFolder(`bound-${name}`), 'utf8'), 'from the host\n');
    writeFileSync(inFolder(`new-${name}`), name);
    await docker('cp', inFolder(`new-${name}`), `${name}:/bound`);
    assert.equal(readFileSync(inFolder('bound', `new-${name}`), 'utf8'), name);
    assert.match(
      await failing('cp', inFolder(`new-${name}`), `${name}:/protected/`),
      /mounted volume is marked read-only/,
    );
  });

  test(`links of a ${name} container stay in it`, async () => {
    writeFileSync(inFolder('payload'), 'payload\n');
    await docker('cp', inFolder('payload'), `${name}:/made/etc/payload-${name}`);
    assert.equal(existsSync(`/etc/payload-${name}`), false);
    await docker('cp', `${name}:/etc/payload-${name}`, inFolder(`payload-${name}`));
    await docker('cp', '-L', `${name}:/made/deep/link`, inFolder(`followed-${name}`));
    assert.equal(readFileSync(inFolder(`followed-${name}`), 'utf8'), 'inside\n');
  });

  test(`what is not there in a ${name} container is said in Docker’s words`, async () => {
    const id = (await docker('inspect', '-f', '{{.Id}}', name)).trim();
    for (const path of ['/none', '/made/etc/none']) {
      assert.match(
        await failing('cp', `${name}:${path}`, '-'),
        // The second is what the docker command before 23 makes of it.
        new RegExp(`Could not find the file ${path} in container|No such container:path: ${name}:${path}`),
      );
    }
    for (const path of ['/var/www/index.html/', '/var/www/index.html/below']) {
      assert.match(await failing('cp', `${name}:${path}`, '-'), new RegExp(`lstat ${path}: not a directory`));
    }
    assert.match(await failing('cp', inFolder('payload'), `${id}:/none/below/`), /(no such directory|Could not find)/i);
    assert.match(
      await failing('cp', inFolder('bound'), `${name}:/var/www/index.html`),
      /cannot copy directory|overwrite/,
    );
  });

  test(`the whole file system of a ${name} container is an archive, without what is mounted in it`, async () => {
    const archive = inFolder(`${name}.tar`);
    await docker('export', '-o', archive, name);
    const names = execFileSync('tar', ['-tf', archive], { encoding: 'utf8' }).trim().split('\n');
    for (const wanted of ['bin/', 'var/www/index.html', 'made/deep/link', 'bound/'])
      assert.ok(names.includes(wanted), wanted);
    for (const unwanted of ['bound/file', 'proc/1/']) assert.ok(!names.includes(unwanted), unwanted);
    await docker('import', archive, `from-${name}`);
    assert.equal(await docker('run', '--rm', `from-${name}`, 'cat', '/var/www/index.html'), 'it works\n');
  });
}

test('volumes of a container that never ran are seen in it, and their parts where they are mounted', async () => {
  await docker(
    'run',
    '--rm',
    '-v',
    'data:/data',
    'busybox',
    'sh',
    '-c',
    'mkdir /data/part; echo kept >/data/part/file; ln -s /etc /data/out',
  );
  // Not with the docker command, which knows parts since 26.
  const parts = ['part', 'out'].map((name) => {
    return { Type: 'volume', Source: 'data', Target: `/${name}`, VolumeOptions: { Subpath: name } };
  });
  const body = { Image: 'busybox', Cmd: ['true'], HostConfig: { Binds: ['data:/data'], Mounts: parts } };
  await new ApiClient(`unix://${daemon.socketPath}`).text('POST', '/containers/create', {
    query: { name: 'keeper' },
    body,
  });
  for (const path of ['/data/part/file', '/part/file']) {
    const target = inFolder(`from${path.replaceAll('/', '-')}`);
    await docker('cp', `keeper:${path}`, target);
    assert.equal(readFileSync(target, 'utf8'), 'kept\n');
  }
  // A link that leads out of the volume must not show what the host has there.
  const words = /Could not find the file|No such container:path/;
  assert.match(await failing('cp', 'keeper:/out/passwd', inFolder('stolen')), words);
  await docker('rm', '-v', 'keeper');
  await docker('volume', 'rm', 'data');
});

test('the files that the engine writes are there before a container’s first start, and empty', async () => {
  await docker('create', '--name', 'unstarted', '--network', 'none', 'busybox', 'cat', '/etc/resolv.conf');
  for (const name of ['resolv.conf', 'hosts', 'hostname']) {
    await docker('cp', `unstarted:/etc/${name}`, inFolder(name));
    assert.equal(readFileSync(inFolder(name), 'utf8'), '');
  }
  await docker('start', '-a', 'unstarted');
  await docker('rm', 'unstarted');
});

test('what a tmpfs of a running container holds can be had', async () => {
  await docker('exec', 'running', 'sh', '-c', 'echo volatile >/scratch/file');
  await docker('cp', 'running:/scratch/file', inFolder('scratch'));
  assert.equal(readFileSync(inFolder('scratch'), 'utf8'), 'volatile\n');
});

test('a read-only root file system takes nothing', async () => {
  await docker('create', '--name', 'fixed', '--read-only', 'busybox', 'true');
  assert.match(await failing('cp', inFolder('payload'), 'fixed:/'), /container rootfs is marked read-only/);
  await docker('rm', 'fixed');
});

test('an archive can be streamed in, with its owners or with the container’s user', async () => {
  mkdirSync(inFolder('owned'));
  writeFileSync(inFolder('owned', 'file'), 'x');
  execFileSync('tar', ['-C', inFolder('owned'), '--owner=71', '--group=72', '-cf', inFolder('owned.tar'), 'file']);
  const put = async (name: string, query: string) => {
    const url = `http://localhost/containers/${name}/archive?path=/tmp&${query}`;
    await host.run(['curl', '-sf', '--unix-socket', daemon.socket, '-T', inFolder('owned.tar'), url]);
    return (await docker('exec', name, 'stat', '-c', '%u:%g', '/tmp/file')).trim();
  };
  await docker('run', '-d', '--name', 'daemons', '-u', 'daemon', 'busybox', 'sleep', '1000');
  assert.equal(await put('daemons', ''), '71:72');
  assert.equal(await put('daemons', 'copyUIDGID=1'), '1:1');
  assert.equal(await put('running', 'copyUIDGID=1'), '71:72');
  await docker('rm', '-f', 'daemons');
});

test('a stopped container that was copied from and to starts as before', async () => {
  symlinkSync('/etc/shadow', inFolder('dangling'));
  await docker('cp', inFolder('dangling'), 'stopped:/dangling');
  await docker('start', 'stopped');
  assert.equal(await docker('exec', 'stopped', 'readlink', '/dangling'), '/etc/shadow\n');
  await docker('stop', '-t', '0', 'stopped');
  assert.deepEqual(readdirSync(host.pathOf('/run/fairlead/files')), []);
});

test('changes are those of the container, with the directories that they are in', async () => {
  const change =
    'rm /var/www/index.html; mkdir /new; echo x >/new/file; echo >>/etc/passwd; rm -r /var/www; mkdir /var/www';
  await docker('run', '--name', 'changed', 'busybox', 'sh', '-c', `${change}; echo y >/var/www/other`);
  const lines = (await docker('diff', 'changed')).trim().split('\n');
  assert.deepEqual(lines, [
    'C /etc',
    'C /etc/passwd',
    'A /new',
    'A /new/file',
    'C /var',
    'C /var/www',
    'D /var/www/index.html',
    'A /var/www/other',
  ]);
  await docker('create', '--name', 'untouched', 'busybox', 'true');
  assert.equal(await docker('diff', 'untouched'), '');
  assert.equal(await docker('diff', 'running'), await docker('diff', 'running'));
  await docker('rm', 'changed', 'untouched');
});

for (const state of both) {
  test(`an image is made of a ${state} container, with what it says about itself`, async () => {
    const command = 'echo committed >/made-here; rm /var/www/index.html; sleep 1000';
    await docker('run', '-d', '--name', 'source', '-e', 'A=b', '-w', '/tmp', 'busybox', 'sh', '-c', command);
    while ((await daemon.tryDocker(['exec', 'source', 'test', '!', '-e', '/var/www/index.html'])).code !== 0) {}
    if (state === 'stopped') await docker('stop', '-t', '0', 'source');
    const words = [
      '-a',
      'somebody',
      '-m',
      'why',
      '-c',
      'CMD ["cat", "/made-here"]',
      '-c',
      'LABEL state='.concat(state),
    ];
    const id = (await docker('commit', ...words, 'source', `made:${state}`)).trim();
    assert.equal(await docker('run', '--rm', `made:${state}`), 'committed\n');
    assert.equal((await daemon.tryDocker(['run', '--rm', `made:${state}`, 'ls', '/var/www/index.html'])).code, 1);
    const format =
      '{{.Id}} {{.Author}} {{.Config.Env}} {{.Config.WorkingDir}} {{.Config.Labels.state}} {{len .RootFS.Layers}}';
    const shown = await docker('inspect', '-f', format, `made:${state}`);
    assert.match(shown, new RegExp(`^${id} somebody \\[.*A=b.*\\] /tmp ${state} 2\n$`));
    assert.match(
      await docker('history', '--no-trunc', '--format', '{{.CreatedBy}} {{.Comment}}', id),
      /sh -c echo .* why\n/,
    );
    assert.equal(await docker('inspect', '-f', '{{.Parent}}', id), await docker('inspect', '-f', '{{.Id}}', 'busybox'));
    assert.equal(await docker('inspect', '-f', '{{.State.Paused}}', 'source'), 'false\n');
    await docker('rm', '-f', 'source');
    await docker('rmi', `made:${state}`);
  });
}
