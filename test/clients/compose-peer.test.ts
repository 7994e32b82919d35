import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { busyboxImage, type Daemon, Host } from '@fairlead/lab';
import { besideDockerd20, dockerClient, startDockerd, startFairlead } from '../lab/peer.ts';
import { redisImage } from '../lab/redis-image.ts';
import { compose, composeCommand } from './compose.ts';

/** An application of five services with a database, on Fairlead and on dockerd 20.10: both have to go the same way. */

const application = `
version: "2.4"
services:
  db:
    image: redis
    networks: { back: { aliases: [database] } }
    volumes: ["data:/data"]
    working_dir: /data
    healthcheck: { test: redis-cli ping | grep PONG, interval: 500ms, timeout: 5s, retries: 60 }
    stop_grace_period: 1s
  seed:
    image: redis
    command: redis-cli -h database set greeting hello
    networks: [back]
    depends_on: { db: { condition: service_healthy } }
  worker:
    image: redis
    command: sh -c "trap 'exit 0' TERM; while :; do redis-cli -h database incr ticks; sleep 0.2; done"
    networks: [back]
    depends_on: { db: { condition: service_healthy } }
    stop_grace_period: 1s
  api:
    build: ./api
    image: app/api
    networks: [front, back]
    depends_on: { db: { condition: service_healthy } }
    healthcheck: { test: wget -qO- localhost:8000/cgi-bin/greeting, interval: 500ms, timeout: 5s, retries: 60 }
    stop_grace_period: 1s
  web:
    build: ./web
    image: app/web
    ports: ["18090:80"]
    networks: [front]
    depends_on: { api: { condition: service_healthy } }
    stop_grace_period: 1s
volumes: { data: {} }
networks: { front: {}, back: { internal: true } }
`;

const answer = (command: string) => `#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\n${command}\n`;
const dockerfile = (base: string, port: number) =>
  `FROM ${base}\nCOPY cgi-bin /www/cgi-bin\nEXPOSE ${port}\nCMD ["httpd", "-f", "-p", "${port}", "-h", "/www"]\n`;

/** Write the application into a folder of its own. */
function writeApplication(folder: string): void {
  const parts = {
    api: [dockerfile('redis', 8000), 'greeting', 'redis-cli -h database get greeting'],
    web: [dockerfile('busybox', 80), 'page', 'wget -qO- http://api:8000/cgi-bin/greeting'],
  };
  for (const [name, [text = '', script = '', command = '']] of Object.entries(parts)) {
    mkdirSync(join(folder, name, 'cgi-bin'), { recursive: true });
    writeFileSync(join(folder, name, 'Dockerfile'), text);
    writeFileSync(join(folder, name, 'cgi-bin', script), answer(command));
    chmodSync(join(folder, name, 'cgi-bin', script), 0o755);
  }
  writeFileSync(join(folder, 'docker-compose.yml'), application);
}

/** Follow a log until its first line has come, and leave. */
async function firstLine(daemon: Daemon, folder: string, service: string): Promise<string> {
  const { command, env } = composeCommand(daemon, folder, ['logs', '-f', '--no-color', '--tail=1', service]);
  const follower = daemon.host.start(command, { env });
  for await (const piece of follower.stdout ?? []) {
    const line = /^\S+ +\| \d+$/m.exec(String(piece))?.[0];
    if (line === undefined) continue;
    follower.kill('SIGKILL');
    // Which of them comes first is chance.
    return line.replace(/\d+ +\| \d+$/, 'N | N');
  }
  return 'nothing';
}

/** Which of db, api and web started or became healthy, in this order, from now on. */
function followStarts({ host, address }: Daemon): { names(): string[] } {
  const filters = ['event=start', 'event=health_status'].flatMap((filter) => ['--filter', filter]);
  const format = '{{.Action}} {{.Actor.Attributes.name}}';
  const follower = host.start([dockerClient(), '-H', address, 'events', ...filters, '--format', format]);
  let text = '';
  follower.stdout?.on('data', (piece: Buffer) => {
    text += piece;
  });
  const names = () =>
    [...text.matchAll(/^(?:health_status: )?(start|healthy) app_(db|api|web)_1$/gm)].map(
      ([, what, who]) => `${what} ${who}`,
    );
  return { names };
}

/** What the application does and says on one engine. */
async function life(start: (host: Host) => Promise<Daemon>): Promise<Record<string, unknown>> {
  await using host = await Host.create();
  await using daemon = await start(host);
  const image = join(host.folder, 'image.tar');
  for (const write of [() => busyboxImage(image), () => redisImage(image, host.folder)]) {
    await write();
    await daemon.docker('load', '-i', image);
  }
  const folder = join(host.folder, 'application');
  writeApplication(folder);
  const run = (...words: string[]) => compose(daemon, folder, ...words);
  const inspect = (format: string, ...names: string[]) => daemon.docker('inspect', '-f', format, ...names);
  const lines = (text: string) => text.trim().split('\n').sort();
  const retry = ['--retry', '50', '--retry-all-errors', '--retry-delay', '0', '--fail'];
  const page = () => host.exec('curl', '-s', ...retry, 'http://127.0.0.1:18090/cgi-bin/page');

  const seen: Record<string, unknown> = {};
  const order = followStarts(daemon);
  await run('up', '-d', '--build');
  seen['page'] = await page();
  seen['order'] = order.names();
  await run('up', '-d', '--scale', 'worker=3');
  // It was started once more, and ends by itself.
  await daemon.docker('wait', 'app_seed_1');
  seen['scaled'] = lines(await daemon.docker('ps', '--format', '{{.Names}} {{.State}} {{.Ports}}'));
  seen['ps'] = lines((await run('ps')).replace(/ {2,}/g, '  '));
  seen['followed'] = await firstLine(daemon, folder, 'worker');
  seen['logs'] = await run('logs', '-f', '--no-color', 'seed');
  await run('restart', 'api');
  seen['page after a restart'] = await page();
  seen['exec'] = await run('exec', '-T', 'db', 'redis-cli', 'get', 'greeting');
  seen['run'] = await run('run', '--rm', 'seed', 'redis-cli', '-h', 'database', 'ping');
  seen['networks'] = lines(
    await inspect('{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}', 'app_api_1', 'app_db_1'),
  );
  await run('down', '-v', '-t', '1');
  seen['left'] = await Promise.all([
    daemon.docker('ps', '-aq'),
    daemon.docker('volume', 'ls', '-q'),
    daemon.docker('network', 'ls', '-q', '--filter', 'type=custom'),
  ]);
  return seen;
}

const title =
  'five services with a database go up in order, are scaled, restarted, followed and taken down as on dockerd';

test(title, besideDockerd20(), async () => {
  const [fairlead, dockerd] = await Promise.all([life(startFairlead), life(startDockerd)]);
  assert.deepEqual(fairlead, dockerd);
  assert.equal(fairlead['page'], 'hello\n');
  assert.deepEqual(fairlead['order'], ['start db', 'healthy db', 'start api', 'healthy api', 'start web']);
  assert.deepEqual(fairlead['left'], ['', '', '']);
});
