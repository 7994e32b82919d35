import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { busyboxImage, Daemon, Host } from '@fairlead/lab';
import { buildKitPrograms, configWithBuildx, pathWith, withBuildKit, withoutBuildkitd } from '../lab/build-kit.ts';
import { cliPlugin } from '../lab/cli-plugins.ts';
import { besideDockerd20, startDockerd, startFairlead } from '../lab/peer.ts';
import { type ComposeProgram, composeBy, composeCommand } from './compose.ts';
import { firstLine, followStarts, loadBaseImages, page, writeApplication } from './compose-application.ts';

/** Compose 2, where its plugin is installed: on Fairlead and on dockerd 20.10, and building with BuildKit. */

const plugin = cliPlugin('docker-compose', 'FAIRLEAD_COMPOSE');
const notInstalled = plugin === undefined ? { skip: 'not installed: docker-compose' } : {};
const compose2: ComposeProgram = { command: [plugin ?? ''], env: { SECRET: 'of the environment' } };

/** Most of what a file can ask an engine for, besides what the five services do. */
const wishes = `
services:
  first: { image: busybox, command: "true" }
  web:
    image: busybox
    command: httpd -f -h /site
    stop_grace_period: 1s
    depends_on: { first: { condition: service_completed_successfully } }
    ports: ["18100-18101:80-81", "127.0.0.1:18102:82/udp", "[::1]:18103:80"]
    networks: { front: { ipv4_address: 10.88.0.10, ipv6_address: "fd00:88::10" }, back: {} }
    configs: [{ source: conf, target: /etc/conf }, inline]
    secrets: [file, environment]
    extra_hosts: ["named=10.1.1.1"]
    tmpfs: ["/t:size=1m"]
    sysctls: { net.core.somaxconn: 99 }
    ulimits: { nofile: { soft: 100, hard: 200 } }
    environment: { ONE: "1" }
    env_file: [{ path: more.env, required: false }]
    healthcheck: { test: "wget -qO- localhost", interval: 200ms }
    restart: unless-stopped
    deploy: { resources: { limits: { cpus: "0.5", memory: 64M, pids: 50 } } }
    volumes: ["./site:/site:ro", { type: volume, source: kept, target: /kept }]
    shm_size: 32m
    post_start: [{ command: "touch /kept/started" }]
    develop: { watch: [{ action: sync, path: ./sync, target: /kept/synced }] }
  side: { image: busybox, command: sleep 1000, network_mode: "service:web", depends_on: [web], stop_grace_period: 0s }
  many: { image: busybox, command: sleep 1000, networks: [back], deploy: { replicas: 2 }, stop_grace_period: 0s }
networks:
  front: { enable_ipv6: true, ipam: { config: [{ subnet: 10.88.0.0/24 }, { subnet: "fd00:88::/64" }] } }
  back: { internal: true }
volumes: { kept: {} }
configs: { conf: { file: ./conf }, inline: { content: "written here\\n" } }
secrets: { file: { file: ./secret }, environment: { environment: SECRET } }
`;

const lines = (text: string) => text.trim().split('\n').sort();

/** The five services, through all that Compose does with containers. */
async function fiveServices(host: Host, daemon: Daemon): Promise<Record<string, unknown>> {
  const folder = join(host.folder, 'application');
  writeApplication(folder);
  const run = (...words: string[]) => composeBy(compose2, daemon, folder, ...words);
  const states = async () => lines(await run('ps', '-a', '--format', '{{.Name}} {{.State}} {{.Health}}'));
  const seen: Record<string, unknown> = {};
  const order = followStarts(daemon);
  await run('up', '-d', '--build');
  seen['page'] = await page(host);
  seen['order'] = order.names();
  await run('up', '-d', '--scale', 'worker=3');
  await daemon.docker('wait', 'app_seed_1');
  seen['scaled'] = await states();
  seen['logs'] = await run('logs', '--no-color', 'seed');
  seen['followed'] = await firstLine(daemon, folder, 'worker', compose2);
  await run('restart', 'api');
  seen['page after a restart'] = await page(host);
  seen['exec'] = await run('exec', '-T', 'db', 'redis-cli', 'get', 'greeting');
  seen['run'] = await run('run', '--rm', '-T', 'seed', 'redis-cli', '-h', 'database', 'ping');
  await run('cp', join(folder, 'docker-compose.yml'), 'db:/data/copied');
  await run('cp', 'db:/data/copied', join(folder, 'back'));
  seen['copied'] = readFileSync(join(folder, 'back'), 'utf8');
  seen['top'] = (await run('top', 'db')).match(/redis-server .*/)?.[0];
  seen['port'] = await run('port', 'web', '80');
  await run('pause', 'worker');
  seen['paused'] = await states();
  await run('unpause', 'worker');
  await run('kill', '-s', 'SIGKILL', 'worker');
  seen['killed'] = await states();
  await run('rm', '-f', 'worker');
  await run('create', 'worker');
  seen['volumes'] = await run('volumes', '--format', '{{.Name}}');
  seen['projects'] = JSON.parse(await run('ls', '--format', 'json')).map(({ Status }: { Status: string }) => Status);
  await run('down', '-v', '-t', '1', '--rmi', 'local');
  return seen;
}

/** What becomes of {@link wishes}. */
async function grantedWishes(host: Host, daemon: Daemon): Promise<Record<string, unknown>> {
  const folder = join(host.folder, 'wishes');
  for (const part of ['site', 'sync']) mkdirSync(join(folder, part), { recursive: true });
  const files = { conf: 'conf\n', secret: 'secret\n', 'more.env': 'TWO=2\n', 'site/index.html': 'page\n' };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const file = join(folder, 'docker-compose.yml');
  writeFileSync(file, wishes);
  const run = (...words: string[]) => composeBy(compose2, daemon, folder, ...words);
  const inside = (script: string, service = 'web') => run('exec', '-T', service, 'sh', '-c', script);
  const seen: Record<string, unknown> = {};
  await run('up', '-d', '--wait');
  seen['files'] = await inside('cat /etc/conf /inline /run/secrets/*; ls /kept');
  seen['addresses'] = lines(await inside('ip -o addr | grep -oE "(10[.]88|fd00)[^ ]*"; grep named /etc/hosts'));
  seen['limits'] = await inside(
    'ulimit -Hn; cat /proc/sys/net/core/somaxconn; df -k /t /dev/shm | grep -oE "[0-9]+ .*0%"',
  );
  seen['environment'] = lines(await inside('env | grep -E "^(ONE|TWO)="'));
  seen['beside'] = await inside('wget -qO- localhost', 'side');
  seen['published'] = await host.exec('curl', '-s', 'http://127.0.0.1:18100/', 'http://[::1]:18103/');
  seen['udp'] = await run('port', '--protocol', 'udp', 'web', '82');
  await run('scale', 'many=3');
  // Another environment, the same static addresses: a successor takes its predecessor's place.
  writeFileSync(file, wishes.replace('ONE: "1"', 'ONE: "changed"'));
  await run('up', '-d', '--wait');
  seen['recreated'] = await inside('echo $ONE; ip -4 -o addr | grep -o "10[.]88[^ ]*"; ls /kept');
  await watch(daemon, folder, inside);
  const { command, env } = composeCommand(
    daemon,
    folder,
    ['run', '--rm', '-T', 'many', 'sh', '-c', 'exit 3'],
    compose2,
  );
  seen['run'] = (await host.run(command, { env })).code;
  await run('down', '-v', '-t', '1');
  return seen;
}

/** See a file come that is made outside, and go. */
async function watch(daemon: Daemon, folder: string, inside: (script: string) => Promise<string>): Promise<void> {
  const { command, env } = composeCommand(daemon, folder, ['watch', '--no-up'], compose2);
  const watcher = daemon.host.start(command, { env });
  let told = '';
  for (const output of [watcher.stdout, watcher.stderr]) output?.on('data', (piece) => (told += String(piece)));
  const until = async (condition: () => boolean | Promise<boolean>) => {
    while (!(await condition())) await sleep(50);
  };
  const isInside = async () => (await inside('[ -e /kept/synced/new ] && echo there || echo gone')) === 'there\n';
  await until(() => told.includes('Watch enabled'));
  writeFileSync(join(folder, 'sync/new'), 'new\n');
  await until(isInside);
  rmSync(join(folder, 'sync/new'));
  await until(async () => !(await isInside()));
  watcher.kill('SIGKILL');
}

async function life(start: (host: Host) => Promise<Daemon>): Promise<Record<string, unknown>> {
  await using host = await Host.create();
  await using daemon = await start(host);
  await loadBaseImages(host, daemon);
  const seen = { ...(await fiveServices(host, daemon)), ...(await grantedWishes(host, daemon)) };
  const left = [
    ['ps', '-aq'],
    ['volume', 'ls', '-q'],
    ['network', 'ls', '-q', '--filter', 'type=custom'],
  ];
  return { ...seen, left: await Promise.all(left.map((words) => daemon.docker(...words))) };
}

test('Compose 2 does the same with Fairlead as with dockerd', { ...besideDockerd20(), ...notInstalled }, async () => {
  const [fairlead, dockerd] = await Promise.all([life(startFairlead), life(startDockerd)]);
  assert.deepEqual(fairlead, dockerd);
  assert.equal(fairlead['page'], 'hello\n');
  assert.deepEqual(fairlead['order'], ['start db', 'healthy db', 'start api', 'healthy api', 'start web']);
  assert.deepEqual(fairlead['left'], ['', '', '']);
});

const built = `
services:
  one:
    build: { context: ./one, args: { A: argument }, secrets: [s], additional_contexts: { other: ./two } }
    command: cat /r /f
  two: { build: { context: ./two, network: none, dockerfile_inline: "FROM busybox\\nCOPY f /f\\nRUN ! ip link show eth0" } }
  three: { build: { context: ./two, additional_contexts: { base: "service:one" }, dockerfile_inline: "FROM base\\nRUN cat /r" } }
secrets: { s: { file: ./secret } }
`;

test('Compose 2 builds with BuildKit, by itself and through Buildx', {
  ...withBuildKit(),
  ...notInstalled,
}, async () => {
  const programs = buildKitPrograms();
  await using host = await Host.create();
  await using daemon = await Daemon.fairlead(host, [], { env: { PATH: pathWith(programs) } });
  await busyboxImage(join(host.folder, 'busybox.tar'));
  await daemon.docker('load', '-i', join(host.folder, 'busybox.tar'));
  const folder = join(host.folder, 'application');
  for (const part of ['one', 'two']) mkdirSync(join(folder, part), { recursive: true });
  const dockerfile =
    'FROM busybox\nARG A\nCOPY --from=other f /f\nRUN --mount=type=secret,id=s cat /run/secrets/s >/r; echo $A >>/r\n';
  const files = {
    'docker-compose.yml': built,
    'one/Dockerfile': dockerfile,
    'two/f': 'of the other\n',
    secret: 'told\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const without = join(host.folder, 'without');
  mkdirSync(without);
  for (const config of [without, configWithBuildx(join(host.folder, 'with'), programs)]) {
    const env = { DOCKER_BUILDKIT: '1', DOCKER_CONFIG: config };
    const run = (...words: string[]) => composeBy({ ...compose2, env }, daemon, folder, ...words);
    await run('build');
    assert.equal(await run('run', '--rm', '-T', 'one'), 'told\nargument\nof the other\n');
    await run('down', '--rmi', 'all');
    assert.equal(existsSync(join(folder, 'one/f')), false);
  }
});

test('Compose 2 is told how to build where there is no BuildKit', {
  ...withoutBuildkitd(),
  ...notInstalled,
}, async () => {
  await using host = await Host.create();
  await using daemon = await startFairlead(host);
  const folder = join(host.folder, 'application');
  mkdirSync(folder);
  writeFileSync(join(folder, 'docker-compose.yml'), 'services: { one: { build: . } }\n');
  const program = { ...compose2, env: { DOCKER_BUILDKIT: '1' } };
  await assert.rejects(composeBy(program, daemon, folder, 'build'), /set DOCKER_BUILDKIT=0 to build with the classic/);
});
