import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { busyboxImage, type Daemon, type Finished, Host } from '@fairlead/lab';
import { startDockerd } from '../lab/peer.ts';
import { Registry } from '../lab/registry.ts';

/** The fairlead command against dockerd: what works with docker's own engine speaks the API as docker's users know it. */

const launcher = resolve(import.meta.dirname, '../../fairlead');
let host: Host;
let dockerd: Daemon;

/** Taken apart also when a step of the set-up fails. */
const parts = new AsyncDisposableStack();

before(async () => {
  host = parts.use(await Host.create());
  dockerd = parts.use(await startDockerd(host));
});

after(() => parts.disposeAsync());

/** Run the command with the words of `line`, and more that may have spaces in them. */
function fairlead(line: string, ...more: string[]): Promise<Finished> {
  return host.run([launcher, ...line.split(' '), ...more], { env: { DOCKER_HOST: dockerd.address } });
}

/** Standard output of a command that has to succeed. */
async function output(line: string, ...more: string[]): Promise<string> {
  const { code, stdout, stderr } = await fairlead(line, ...more);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** The command with something on its standard input. */
function fed(input: string, line: string): Promise<Finished> {
  return host.run([launcher, ...line.split(' ')], { env: { DOCKER_HOST: dockerd.address }, input });
}

test('an image is loaded, listed, tagged, and goes through a registry', async () => {
  const archive = join(host.folder, 'busybox.tar');
  await busyboxImage(archive, { files: { 'var/www/index.html': 'it works\n' } });
  assert.match(await output(`load -i ${archive}`), /Loaded image: busybox:latest/);
  assert.match(
    await output('images'),
    /^REPOSITORY\s+TAG\s+IMAGE ID\s+CREATED\s+SIZE\nbusybox\s+latest\s+[0-9a-f]{12}\s/,
  );
  const registry = await Registry.start(host);
  const reference = `${registry.address}/busybox:1`;
  await output(`tag busybox ${reference}`);
  await dockerd.docker('push', '-q', reference);
  assert.match(await output(`rmi ${reference}`), /^Untagged: 127/);
  assert.match(await output(`pull ${reference}`), new RegExp(`Status: .*${reference}\n${reference}\n$`));
  assert.match(await output('history busybox'), /the machine’s own busybox/);
});

test('an image is built from a folder, and from a Dockerfile on standard input', async () => {
  const folder = join(host.folder, 'context');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'Dockerfile'),
    'FROM busybox\nARG WHO\nCOPY . /in/\nRUN ls -A /in; echo "for $WHO"; printf end',
  );
  writeFileSync(join(folder, '.dockerignore'), 'secret\n');
  for (const name of ['secret', 'open']) writeFileSync(join(folder, name), name);
  const said = await output(`build -t built:1 --label a=b --build-arg WHO=me ${folder}`);
  assert.match(said, /^Step 1\/5 : FROM busybox\n ---> [0-9a-f]{12}\n/);
  assert.match(said, /\n\.dockerignore\nDockerfile\nopen\nfor me\nend( ---> Removed|Removing) intermediate container/);
  assert.match(said, /\nSuccessfully tagged built:1\n$/);
  const again = await output(`build --label a=b --build-arg WHO=me ${folder}`);
  assert.equal(again.match(/Using cache/g)?.length, 4);
  const { code, stdout, stderr } = await fed('FROM busybox\nRUN exit 9\n', 'build -');
  assert.match(stdout, /^Step 1\/2/);
  assert.deepEqual([code, stderr], [9, "The command '/bin/sh -c exit 9' returned a non-zero code: 9\n"]);
  assert.match((await fed('FROM busybox\nENV a=b\n', 'build -q -')).stdout, /^sha256:[0-9a-f]{64}\n$/);
  assert.match((await fairlead('build /absent')).stderr, /unable to prepare context: path "\/absent" not found/);
});

test('run prints both streams apart and ends with the exit code of the program', async () => {
  const { code, stdout, stderr } = await fairlead('run --rm busybox sh -c', 'echo out; echo err >&2; exit 7');
  assert.deepEqual({ code, stdout, stderr }, { code: 7, stdout: 'out\n', stderr: 'err\n' });
});

test('standard input reaches the program and ends there', async () => {
  const { stdout } = await fed('b\na\n', 'run --rm -i busybox sort');
  assert.equal(stdout, 'a\nb\n');
});

test('a terminal is one on both sides', async () => {
  const line = `${launcher} run --rm -it busybox sh -c 'until stty -a | grep -o "rows 33; columns 99"; do sleep 0.05; done; test -t 0 && test -t 1 && echo terminal; cat'`;
  const command = ['script', '-qec', `stty rows 33 cols 99; ${line}`, '/dev/null'];
  const shell = host.start(command, { env: { DOCKER_HOST: dockerd.address } });
  let seen = '';
  shell.stdout?.on('data', (piece: Buffer) => {
    if (!seen.includes('terminal') && String(piece).includes('terminal')) shell.stdin?.write('typed\r\x04');
    seen += piece;
  });
  const ended = Promise.withResolvers<number | null>();
  shell.on('close', (code) => ended.resolve(code));
  assert.equal(await ended.promise, 0, seen);
  assert.match(seen, /rows 33; columns 99\r+\nterminal\r+\ntyped\r+\ntyped\r+\n/);
});

test('what cannot be run has docker’s exit codes', async () => {
  assert.equal((await fairlead('run --rm busybox no-such-program')).code, 127);
  assert.equal((await fairlead('run --rm busybox /etc/passwd')).code, 126);
  assert.equal((await fairlead('run --rm --network no-such-network busybox true')).code, 125);
  assert.equal((await fairlead('run --nonsense busybox')).code, 125);
});

test('a container lives its life', async () => {
  const id = (await output('run -d --name web -p 8080:80 -e A=b -l role=web busybox httpd -f -h /var/www')).trim();
  assert.match(id, /^[0-9a-f]{64}$/);
  const page = `http://${host.addresses.host.ipv4}:8080/`;
  // Started is not listening yet.
  const patient = `for i in 1 2 3 4 5 6 7 8 9; do busybox wget -qO- ${page} && exit; sleep 0.1; done; exit 1`;
  assert.equal(await host.outside.exec('sh', '-c', patient), 'it works\n');
  assert.match(
    await output('ps'),
    /^CONTAINER ID {3}IMAGE {5}COMMAND[^\n]+\n[0-9a-f]{12} {3}busybox {3}"httpd -f[^\n]*0\.0\.0\.0:8080->80\/tcp[^\n]*web\n$/,
  );
  assert.equal(await output('ps --filter label=role=web --format {{.Names}}:{{.State}}'), 'web:running\n');
  assert.equal(await output('exec web sh -c', 'echo $A'), 'b\n');
  assert.equal((await fed('exit 3\n', 'exec -i web sh')).code, 3);
  assert.match(await output('top web'), /httpd -f/);
  assert.equal(
    await output('inspect web -f', '{{.Name}} {{range $port, $b := .HostConfig.PortBindings}}{{$port}}{{end}}'),
    '/web 80/tcp\n',
  );
  await output('rename web www');
  assert.match((await fairlead('rm www')).stderr, /[Cc]annot remove (a running )?container/);
  assert.equal(await output('kill www'), 'www\n');
  assert.equal(await output('wait www'), '137\n');
  assert.equal(await output('rm www'), 'www\n');
  assert.match((await fairlead('inspect www')).stderr, /No such object: www/);
});

test('logs are what was written, on the stream that it was written to', async () => {
  await output('run -d --name talker busybox sh -c', 'echo one; echo two >&2; sleep 0.1; echo three');
  await output('wait talker');
  const { stdout, stderr } = await fairlead('logs talker');
  assert.deepEqual({ stdout, stderr }, { stdout: 'one\nthree\n', stderr: 'two\n' });
  assert.equal(await output('logs --tail 1 talker'), 'three\n');
  assert.match(await output('logs -t --tail 1 talker'), /^\d{4}-\d\d-\d\dT[\d:.]+Z three\n$/);
  assert.equal(await output('start -a talker').then((text) => text.includes('three')), true);
  await output('rm talker');
});

test('networks are made, joined, listed and removed', async () => {
  await output('network create --subnet 172.30.0.0/16 --gateway 172.30.0.9 --label a=b app');
  assert.match(
    await output('network ls'),
    /^NETWORK ID {5}NAME {6}DRIVER {4}SCOPE\n[0-9a-f]{12} {3}app {7}bridge {4}local\n/,
  );
  assert.equal(await output('network inspect app -f', '{{(index .IPAM.Config 0).Gateway}}'), '172.30.0.9\n');
  await output('run -d --name member --net name=app,ip=172.30.0.50,alias=m busybox sleep 100');
  assert.match(await output('exec member nslookup m'), /Address:\s+172\.30\.0\.50/);
  assert.match((await fairlead('network rm app')).stderr, /has active endpoints/);
  await output('network disconnect app member');
  await output('network connect --ip 172.30.0.51 app member');
  await output('rm -f member');
  assert.match(await output('network prune -f'), /Deleted Networks:\napp/);
});

test('volumes are made, used, listed, shown and removed', async () => {
  assert.equal(await output('volume create --label a=b data'), 'data\n');
  await output('run --rm -v data:/d -v /anonymous busybox touch /d/file');
  assert.equal(await output('run --rm --mount src=data,dst=/e,readonly busybox ls /e'), 'file\n');
  await output('create --name holder -v data:/d busybox');
  assert.equal(await output('run --rm --volumes-from holder:ro busybox ls /d'), 'file\n');
  assert.match(await output('volume ls'), /^DRIVER {4}VOLUME NAME\nlocal {5}data\n$/);
  assert.equal(await output('volume ls --format', '{{.Name}} {{.Labels}}'), 'data a=b\n');
  assert.equal(JSON.parse(await output('volume ls --json'))[0].Name, 'data');
  assert.equal(JSON.parse(await output('volume inspect data'))[0].Labels.a, 'b');
  assert.equal(await output('inspect --type volume data -f', '{{.Driver}}'), 'local\n');
  assert.equal(await output('__complete volume rm d'), 'data\n');
  assert.match((await fairlead('volume rm data')).stderr, /remove data: volume is in use - \[[0-9a-f]{64}\]/);
  await output('rm holder');
  assert.equal(await output('volume rm data'), 'data\n');
  await output('volume create');
  assert.match(await output('volume prune -f'), /^Deleted Volumes:\n[0-9a-f]{64}\n\nTotal reclaimed space: 0B\n$/);
});

test('limits change while a container runs, and all that has ended is removed at once', async () => {
  await output('run -d --name limited --restart on-failure:2 busybox sleep 100');
  assert.equal(await output('update --pids-limit 77 --restart unless-stopped limited'), 'limited\n');
  const shown = await output('inspect -f', '{{.HostConfig.PidsLimit}} {{.HostConfig.RestartPolicy.Name}}', 'limited');
  assert.equal(shown, '77 unless-stopped\n');
  assert.match((await fairlead('update -m 1m limited')).stderr, /Minimum memory limit allowed is 6MB/);
  const id = (await output('create busybox')).trim();
  assert.match(
    await output('container prune -f'),
    new RegExp(`Deleted Containers:[^]*${id}[^]*Total reclaimed space: `),
  );
  await output('rm -f limited');
});

test('what happened is told, and what the engine is', async () => {
  const end = Math.ceil(Date.now() / 1000);
  assert.match(
    await output(`events --since 5m --until ${end} --filter type=network --filter event=create`),
    /network create [0-9a-f]{64} \(name=app, type=bridge\)/,
  );
  assert.match(await output('info'), /Server Version: \d+\.\d/);
  assert.match(await output('version'), /Client: Fairlead[\s\S]*Server: /);
  assert.match(await output('-H unix:///nobody --version'), /^Fairlead version \d+\.\d+\.\d+\n$/);
});
