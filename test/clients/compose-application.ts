import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxImage, type Daemon, type Host } from '@fairlead/lab';
import { dockerClient } from '../lab/peer.ts';
import { redisImage } from '../lab/redis-image.ts';
import { type ComposeProgram, composeCommand } from './compose.ts';

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

/** Write an application of five services with a database, two of them built, into a folder. */
export function writeApplication(folder: string): void {
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
export async function firstLine(
  daemon: Daemon,
  folder: string,
  service: string,
  program?: ComposeProgram,
): Promise<string> {
  const { command, env } = composeCommand(daemon, folder, ['logs', '-f', '--no-color', '--tail=1', service], program);
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
export function followStarts({ host, address }: Daemon): { names(): string[] } {
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

/** Load the images that it stands on. */
export async function loadBaseImages(host: Host, daemon: Daemon): Promise<void> {
  const image = join(host.folder, 'image.tar');
  for (const write of [() => busyboxImage(image), () => redisImage(image, host.folder)]) {
    await write();
    await daemon.docker('load', '-i', image);
  }
}

/** What the application's page says, when it is there. */
export function page(host: Host): Promise<string> {
  const retry = ['--retry', '50', '--retry-all-errors', '--retry-delay', '0', '--fail'];
  return host.exec('curl', '-s', ...retry, 'http://127.0.0.1:18090/cgi-bin/page');
}
