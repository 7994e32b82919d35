import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Daemon, type Finished, Host } from '@fairlead/lab';
import { startDockerd, startFairlead } from '../lab/peer.ts';
import { Registry } from '../lab/registry.ts';

/** The fairlead command's copying, watching and cleaning up, against both engines: it is to work the same with either. */

const launcher = resolve(import.meta.dirname, '../../fairlead');

for (const [name, start] of [
  ['dockerd', startDockerd],
  ['Fairlead', startFairlead],
] as const) {
  describe(`the command with ${name}`, { timeout: 120_000 }, () => {
    const parts = new AsyncDisposableStack();
    let host: Host;
    let daemon: Daemon;

    before(async () => {
      host = parts.use(await Host.create());
      daemon = parts.use(await start(host));
      await daemon.loadBusybox();
      await daemon.docker(
        'run',
        '-d',
        '--name',
        'box',
        '-p',
        '8080:80',
        '-p',
        '8053:53/udp',
        'busybox',
        'sleep',
        '1000',
      );
    });

    after(() => parts.disposeAsync());

    const env = () => ({ DOCKER_HOST: daemon.address, DOCKER_CONFIG: join(host.folder, 'config') });
    const fairlead = (line: string, input?: string): Promise<Finished> =>
      host.run([launcher, ...line.split(' ')], { env: env(), ...(input !== undefined && { input }) });
    const output = async (line: string, input?: string): Promise<string> => {
      const { code, stdout, stderr } = await fairlead(line, input);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    const here = (...names: string[]) => join(host.folder, ...names);

    test('cp takes trees in and out, with links, modes and times', async () => {
      mkdirSync(here('tree', 'deep', 'é'), { recursive: true });
      writeFileSync(here('tree', 'deep', 'é', 'file'), 'content\n');
      chmodSync(here('tree', 'deep', 'é', 'file'), 0o640);
      symlinkSync('deep/é/file', here('tree', 'link'));
      await output(`cp ${here('tree')} box:/srv`);
      assert.equal(await daemon.docker('exec', 'box', 'cat', '/srv/link'), 'content\n');
      await output(`cp ${here('tree')} box:/srv`);
      assert.equal(await daemon.docker('exec', 'box', 'cat', '/srv/tree/link'), 'content\n');
      await output(`cp ${here('tree')}/. box:/opt2`);
      assert.equal(await daemon.docker('exec', 'box', 'cat', '/opt2/link'), 'content\n');
      await output(`cp box:/srv ${here('out')}`);
      const copied = statSync(here('out', 'deep', 'é', 'file'));
      assert.equal(copied.mode & 0o777, 0o640);
      assert.equal(
        Math.floor(copied.mtimeMs / 1000),
        Math.floor(statSync(here('tree', 'deep', 'é', 'file')).mtimeMs / 1000),
      );
      assert.equal(readlinkSync(here('out', 'link')), 'deep/é/file');
      mkdirSync(here('into'));
      await output(`cp box:/srv/. ${here('into')}`);
      assert.equal(readFileSync(here('into', 'link'), 'utf8'), 'content\n');
      symlinkSync('into', here('shortcut'));
      await output(`cp box:/srv/. ${here('shortcut')}`);
      await output(`cp box:/srv ${here('into')}`);
      assert.ok(existsSync(here('into', 'srv', 'tree', 'link')));
    });

    test('cp takes files under other names, follows links, and speaks archives', async () => {
      writeFileSync(here('plain'), 'plain\n');
      await output(`cp ${here('plain')} box:/etc/renamed`);
      await output(`cp box:/etc/renamed ${here('back')}`);
      assert.equal(readFileSync(here('back'), 'utf8'), 'plain\n');
      await daemon.docker('exec', 'box', 'ln', '-s', 'renamed', '/etc/pointer');
      await output(`cp -L box:/etc/pointer ${here('followed')}`);
      assert.equal(readFileSync(here('followed'), 'utf8'), 'plain\n');
      await output(`cp box:/etc/pointer ${here('pointer')}`);
      assert.equal(readlinkSync(here('pointer')), 'renamed');
      const archive = await host.exec(
        'sh',
        '-c',
        `DOCKER_HOST=${daemon.address} ${launcher} cp box:/etc/renamed - | tar -t`,
      );
      assert.equal(archive, 'renamed\n');
      const piped = `tar -C ${host.folder} -c plain | DOCKER_HOST=${daemon.address} ${launcher} cp - box:/var`;
      await host.exec('sh', '-c', piped);
      assert.equal(await daemon.docker('exec', 'box', 'cat', '/var/plain'), 'plain\n');
    });

    test('cp refuses what cannot be', async () => {
      const refusal = async (line: string) => (await fairlead(line)).stderr;
      assert.match(await refusal(`cp box:/nowhere ${here('x')}`), /Could not find the file \/nowhere in container box/);
      assert.match(await refusal(`cp ${here('plain')} nobody:/x`), /No such container: nobody/);
      assert.match(await refusal('cp box:/a box:/b'), /copying between containers is not supported/);
      assert.match(await refusal(`cp ${here('plain')} ${here('y')}`), /must specify at least one container source/);
      assert.match(await refusal(`cp box:/srv ${here('plain')}`), /cannot copy directory/);
      assert.match(await refusal(`cp box:/etc/renamed ${here('absent', 'z')}`), /directory ".*absent" does not exist/);
    });

    test('changes are listed, written as an archive, and made an image', async () => {
      assert.match(await output('diff box'), /^A \/etc\/renamed$/m);
      await output(`export -o ${here('box.tar')} box`);
      assert.match(await host.exec('tar', '-tf', here('box.tar')), /^etc\/renamed$/m);
      const change = ['commit', '-m', 'made', '-c', 'ENV A=b', 'box', 'made:1'];
      const { stdout } = await host.run([launcher, ...change], { env: env() });
      assert.match(stdout, /^sha256:[0-9a-f]{64}\n$/);
      assert.equal(await daemon.docker('run', '--rm', 'made:1', 'sh', '-c', 'cat /etc/renamed; echo $A'), 'plain\nb\n');
    });

    test('ports are listed, and a container is paused and goes on', async () => {
      assert.match(await output('port box'), /^53\/udp -> 0\.0\.0\.0:8053\n[\s\S]*80\/tcp -> 0\.0\.0\.0:8080\n/);
      assert.match(await output('port box 80'), /^0\.0\.0\.0:8080\n/);
      assert.match((await fairlead('port box 81')).stderr, /No public port '81' published for box/);
      assert.equal(await output('pause box'), 'box\n');
      assert.match(await output('ps --filter name=box'), /\(Paused\)/);
      assert.equal(await output('unpause box'), 'box\n');
    });

    test('what containers use is shown', async () => {
      assert.match(
        await output('stats --no-stream'),
        /^CONTAINER ID\s+NAME\s+CPU %\s+MEM USAGE \/ LIMIT\s+MEM %\s+NET I\/O\s+BLOCK I\/O\s+PIDS\n[0-9a-f]{12}\s+box\s+\d+\.\d\d%\s+[\d.]+[KM]?i?B \/ /,
      );
      assert.equal(await output('stats --no-stream --format {{.Name}}:{{.PIDs}} box'), 'box:1\n');
    });

    test('images go to registries and into archives, with credentials where docker keeps them', async () => {
      const registry = await Registry.start(host);
      const reference = `${registry.address}/made:1`;
      await output(`tag made:1 ${reference}`);
      assert.match(await output(`push ${reference}`), /digest: sha256:/);
      await output(`save -o ${here('saved.tar')} made:1 busybox`);
      assert.match(await host.exec('tar', '-xOf', here('saved.tar'), 'manifest.json'), /made:1/);
      await output(`rmi ${reference}`);
      await output(`pull -q ${reference}`);
      const auth = await output(`login -u somebody --password-stdin ${registry.address}`, 'secret\n');
      assert.match(auth, /Login Succeeded/);
      const file = here('config', 'config.json');
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), {
        auths: { [registry.address]: { auth: Buffer.from('somebody:secret').toString('base64') } },
      });
      assert.equal(await output(`logout ${registry.address}`), `Removing login credentials for ${registry.address}\n`);
      assert.equal(await output(`logout ${registry.address}`), `Not logged in to ${registry.address}\n`);
    });

    test('the disk is reckoned up and cleaned', async () => {
      assert.match(
        await output('system df'),
        /^TYPE\s+TOTAL\s+ACTIVE\s+SIZE\s+RECLAIMABLE\nImages\s+\d+\s+1\s+[\s\S]*\nContainers\s+1\s+1\s+[\s\S]*\nLocal Volumes\s+0\s+0\s+0B\s+0B\nBuild Cache\s/,
      );
      assert.match(
        await output('system df -v'),
        /Images space usage:[\s\S]*made[\s\S]*Containers space usage:[\s\S]*box/,
      );
      const id = (await output('create busybox')).trim();
      await output('network create empty');
      assert.match(
        await output('system prune -f'),
        new RegExp(`^Deleted Containers:\n${id}\n\nDeleted Networks:\nempty\n\n[sS]*Total reclaimed space: `),
      );
      assert.match(
        await output('image prune -a -f'),
        /^Deleted Images:\n[\s\S]*untagged: made:1[\s\S]*Total reclaimed space: /,
      );
      assert.match(
        await fairlead('image prune', 'n\n').then(({ stdout }) => stdout),
        /WARNING! This will remove all dangling/,
      );
    });

    test('names are completed', async () => {
      assert.equal(await output('__complete pause b'), 'box\n');
      assert.equal(await output('__complete cp bo'), 'box:\n');
      assert.equal(await output('__complete system d'), 'df\ndoctor\n');
    });
  });
}
