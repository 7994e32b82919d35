import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '@fairlead/api/client';
import { Kernel, Recorder } from '@fairlead/kernel';
import { Daemon, Host } from '@fairlead/lab';

/** Containers whose root is nobody on the host: `--userns-remap`. */

const root = 100_000;

/** Give the user `daemon`, who is everywhere, subordinate identities in a host. */
async function giveIdentities(host: Host): Promise<void> {
  for (const name of ['subuid', 'subgid']) {
    writeFileSync(join(host.folder, name), `daemon:${root}:65536\n`);
    await host.exec('mount', '--bind', join(host.folder, name), `/etc/${name}`);
  }
}

describe('user namespaces', { timeout: 180_000 }, () => {
  const parts = new AsyncDisposableStack();
  let host: Host;
  let daemon: Daemon;
  before(async () => {
    host = parts.use(await Host.create({ kernel: new Kernel(new Recorder()) }));
    await giveIdentities(host);
    daemon = parts.use(await Daemon.fairlead(host, ['--userns-remap', 'daemon']));
    await daemon.loadBusybox({
      files: { 'etc/passwd': 'root:x:0:0::/:/bin/sh\nweb:x:33:33::/:/bin/sh\n', 'srv/page': 'page\n' },
    });
  });
  after(async () => await parts[Symbol.asyncDispose]());

  const docker = (...words: string[]) => daemon.docker(...words);
  const run = (flags: readonly string[], script: string) =>
    docker('run', '--rm', ...flags, 'busybox', 'sh', '-c', script);
  const ownerOf = (path: string) => {
    const { uid, gid } = statSync(host.pathOf(path));
    return [uid, gid];
  };
  const mountpoint = async (volume: string) =>
    (await docker('volume', 'inspect', '-f', '{{.Mountpoint}}', volume)).trim();

  test('secrets of a service are files of those inside, whose numbers on the host are others', async () => {
    await docker('swarm', 'init');
    await host.exec('sh', '-c', 'echo -n hush > /run/pw');
    await docker('secret', 'create', 'pw', '/run/pw');
    const secrets = ['--secret', 'source=pw,target=key,uid=33,gid=33,mode=0400', '--secret', 'pw'];
    await docker('service', 'create', '-d', '--name', 'keeper', ...secrets, 'busybox', 'sleep', '1000');
    let id = '';
    for (let round = 0; round < 100 && id === ''; round++) {
      await sleep(100);
      id = (await docker('ps', '-q', '--no-trunc', '--filter', 'name=keeper')).trim();
    }
    const look = 'stat -c "%u:%g %a" /run/secrets/key /run/secrets/pw; cat /run/secrets/pw';
    assert.equal(await docker('exec', id, 'sh', '-c', look), '33:33 400\n0:0 444\nhush');
    assert.equal(await docker('exec', '--user', 'web', id, 'cat', '/run/secrets/key'), 'hush');
    const task = (await docker('inspect', '-f', '{{index .Config.Labels "com.docker.swarm.task.id"}}', id)).trim();
    assert.deepEqual(ownerOf(`/run/fairlead/swarm/${task}/0`), [root + 33, root + 33]);
    await docker('swarm', 'leave', '--force');
  });

  test('root in a container is another one on the host, and rules its own network', async () => {
    assert.equal(
      await run([], 'cat /proc/self/uid_map; id -u; stat -c %u:%g /bin/busybox'),
      `         0     ${root}      65536\n0\n0:0\n`,
    );
    assert.equal(
      await run(['--cap-add', 'NET_ADMIN'], 'ip addr add 10.9.9.9/32 dev lo && ip addr show lo | grep -c 10.9.9.9'),
      '1\n',
    );
    assert.equal(
      await run(
        ['--sysctl', 'net.ipv4.ip_unprivileged_port_start=7'],
        'cat /proc/sys/net/ipv4/ip_unprivileged_port_start',
      ),
      '7\n',
    );
    assert.match(await docker('info', '-f', '{{.SecurityOptions}}'), /name=userns/);
  });

  test('the network works, ports below 1024 and names included', async () => {
    await docker('network', 'create', 'net');
    const serve = 'while :; do echo served | nc -l -p 80; done';
    await docker('run', '-d', '--name', 'web', '--net', 'net', '-p', '8080:80', 'busybox', 'sh', '-c', serve);
    assert.equal(await run(['--net', 'net'], 'until nc -w 2 web 80; do sleep 0.1; done'), 'served\n');
    assert.equal(await run(['--net', 'container:web'], 'until nc -w 2 127.0.0.1 80; do sleep 0.1; done'), 'served\n');
    const ask = 'until said=$(cat </dev/tcp/127.0.0.1/8080) && [ "$said" ]; do sleep 0.1; done; echo "$said"';
    assert.equal(await host.exec('bash', '-c', ask), 'served\n');
    const pid = (await docker('inspect', '-f', '{{.State.Pid}}', 'web')).trim();
    assert.equal(await host.exec('stat', '-c', '%u', `/proc/${pid}`), `${root}\n`);
  });

  test('/dev/shm is shared with who may', async () => {
    await docker('run', '-d', '--name', 'giver', '--ipc', 'shareable', 'busybox', 'sleep', '1000');
    await docker('exec', '-u', 'web', 'giver', 'sh', '-c', 'echo shared >/dev/shm/f');
    assert.equal(
      await run(['--net', 'container:giver', '--ipc', 'container:giver', '-u', 'web'], 'cat /dev/shm/f'),
      'shared\n',
    );
    assert.deepEqual(ownerOf('/run/fairlead/shm'), [0, root]);
    await docker('rm', '-f', 'giver');
  });

  test('exec and its terminal belong to who is root inside', async () => {
    assert.equal(await docker('exec', '-u', 'web', 'web', 'sh', '-c', 'id -u; echo x >/dev/stdout'), '33\nx\n');
    await docker('exec', 'web', 'sh', '-c', 'echo 127.0.0.9 mine >>/etc/hosts; grep -q mine /etc/hosts');
  });

  test('volumes belong to who is root inside, with the content of the image', async () => {
    await run(['-v', 'fresh:/new', '-v', 'filled:/srv'], 'touch /new/file; chown 33:33 /new/file; cat /srv/page');
    assert.deepEqual(ownerOf(await mountpoint('fresh')), [root, root]);
    assert.deepEqual(ownerOf(`${await mountpoint('fresh')}/file`), [root + 33, root + 33]);
    assert.deepEqual(ownerOf(`${await mountpoint('filled')}/page`), [root, root]);
    await run(['-v', `${host.folder}/bound/deep:/b`], 'touch /b/file');
    assert.deepEqual(ownerOf(join(host.folder, 'data')), [0, root]);
    assert.deepEqual(ownerOf(`${host.folder}/bound`), [root, root]);
    assert.deepEqual(ownerOf(`${host.folder}/bound/deep/file`), [root, root]);
  });

  test('a mounted image belongs to who is root inside, whether it has one layer or several', async () => {
    await docker('run', '--name', 'changed', 'busybox', 'sh', '-c', 'echo own >/own; chown 33 /own');
    await docker('commit', 'changed', 'layered');
    const api = new ApiClient(`unix://${daemon.socketPath}`);
    const mounts = ['busybox', 'layered'].map((Source) => ({ Type: 'image', Source, Target: `/${Source}` }));
    const Cmd = ['stat', '-c', '%u:%g', '/busybox/srv/page', '/layered/srv/page', '/layered/own'];
    const body = { Image: 'busybox', Cmd, HostConfig: { Mounts: mounts } };
    await api.text('POST', '/containers/create', { query: { name: 'mounting' }, body });
    assert.equal(await docker('start', '-a', 'mounting'), '0:0\n0:0\n33:0\n');
    await docker('rm', 'mounting', 'changed');
  });

  test('files that go in and out have the owners that the container sees', async () => {
    const folder = join(host.folder, 'copied');
    mkdirSync(folder);
    writeFileSync(join(folder, 'sent'), 'sent\n');
    const look = "stat -c '%u:%g' /sent /deep/er/sent /v/sent";
    await docker('run', '-d', '--name', 'live', '-v', 'copies:/v', 'busybox', 'sleep', '1000');
    await docker('create', '--name', 'still', '-v', 'copies2:/v', 'busybox', 'sh', '-c', look);
    await docker('exec', 'live', 'mkdir', '-p', '/deep/er');
    const archive = await host.exec('sh', '-c', `tar -C ${folder} --owner=33 --group=33 -c sent | base64 -w0`);
    for (const name of ['live', 'still']) {
      for (const place of ['/', '/v']) {
        const copied = await daemon.tryDocker(['cp', '-a', '-', `${name}:${place}`], {
          input: Buffer.from(archive, 'base64'),
        });
        assert.equal(copied.stderr, '');
      }
    }
    assert.equal(await docker('exec', 'live', 'stat', '-c', '%u:%g', '/sent', '/v/sent'), '33:33\n33:33\n');
    for (const name of ['live', 'still']) {
      for (const path of ['/sent', '/v/sent', '/bin/busybox']) {
        const listing = await host.exec(
          'sh',
          '-c',
          `DOCKER_HOST=${daemon.address} docker cp ${name}:${path} - | tar -tv --numeric-owner`,
        );
        assert.match(listing, path === '/bin/busybox' ? / 0\/0 / : / 33\/33 /, `${name}:${path}`);
      }
    }
    assert.match(
      await host.exec('sh', '-c', `DOCKER_HOST=${daemon.address} docker export live | tar -tv --numeric-owner sent`),
      / 33\/33 /,
    );
  });

  test('images that are made of containers are anybody’s', async () => {
    await docker('run', '--name', 'author', 'busybox', 'sh', '-c', 'echo mine >/mine; chown web /mine');
    await docker('commit', 'author', 'committed');
    const look = "stat -c '%u:%g %n' /mine";
    assert.equal(await docker('run', '--rm', 'committed', 'sh', '-c', look), '33:0 /mine\n');
    assert.equal(await docker('run', '--rm', '--userns', 'host', 'committed', 'sh', '-c', look), '33:0 /mine\n');
    const context = join(host.folder, 'context');
    mkdirSync(context);
    writeFileSync(
      join(context, 'Dockerfile'),
      `FROM busybox\nCOPY --chown=web:7 Dockerfile /d\nRUN touch /r && chown 5 /r && stat -c %u /d\n`,
    );
    await docker('build', '-q', '-t', 'built', context);
    assert.equal(await docker('run', '--rm', 'built', 'stat', '-c', '%u', '/d', '/r'), '33\n5\n');
  });

  test('a container can stay among the host’s users', async () => {
    assert.equal(
      await run(['--userns', 'host', '--privileged'], 'cat /proc/self/uid_map'),
      '         0          0 4294967295\n',
    );
  });

  for (const [flags, message] of [
    [
      ['--privileged'],
      'privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode',
    ],
    [['--net', 'host'], "cannot share the host's network namespace when user namespaces are enabled"],
    [['--pid', 'host'], 'cannot share the host PID namespace when user namespaces are enabled'],
    [
      ['--pid', 'container:live'],
      'cannot join PID of a container with another user namespace: share its network too, or use --userns=host for both',
    ],
  ] as const) {
    test(`refused: ${flags.join(' ')}`, async () => {
      const { stderr } = await daemon.tryDocker(['run', '--rm', ...flags, 'busybox', 'true']);
      assert.equal(
        stderr.split('\n')[0]?.replace('docker: Error response from daemon: ', '').replace(/\.$/, ''),
        message,
      );
    });
  }

  test('processes are shared with who shares the network', async () => {
    assert.match(await run(['--pid', 'container:live', '--net', 'container:live'], 'ps'), /sleep 1000/);
  });

  test('a daemon that was killed finds its containers as they are, and leaves nothing', async () => {
    await daemon.kill9();
    await daemon.restart();
    assert.equal(await docker('exec', 'live', 'stat', '-c', '%u:%g', '/sent'), '33:33\n');
    await docker('restart', '-t', '0', 'live');
    assert.equal(await docker('exec', 'live', 'cat', '/sent'), 'sent\n');
    assert.match(await docker('cp', 'still:/sent', '-'), /sent/);
    await daemon.stop();
    assert.doesNotMatch(await host.exec('cat', '/proc/mounts'), / \/run\/fairlead\/(layers|files|view)/);
  });
});
