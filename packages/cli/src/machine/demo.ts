import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { splitFrames } from '@fairlead/api/client';
import { FairleadError } from '@fairlead/base';
import { busyboxImage, Daemon, Host } from '@fairlead/lab';
import type { Action } from '../command/command.ts';
import { type Connection, connect } from '../connection/connection.ts';
import { provide } from '../setup/debian-packages.ts';
import { demoRequirements, engineRequirements } from '../setup/requirement.ts';
import { transcript } from './explain.ts';
import { launcher } from './places.ts';

const image = 'demo:latest';
const page = 'This page came through a port that Fairlead published.';

/** `fairlead demo`: the whole story in a throw-away host, which goes with it. */
export const demo: Action = async ({ options, print }) => {
  if (process.getuid?.() !== 0)
    throw new FairleadError('forbidden', 'the demonstration needs root: sudo ./fairlead demo');
  provide([...engineRequirements, ...demoRequirements], print);
  const story = new Story(print);

  story.chapter('A throw-away host with the engine in it; nothing of this machine’s network is touched');
  await using host = await Host.create({ hostname: 'demo' });
  await using daemon = await Daemon.fairlead(host);
  const engine = connect(`unix://${daemon.socketPath}`);
  story.fact(
    `host ${host.addresses.host.ipv4} and ${host.addresses.host.ipv6}, outside ${host.addresses.outside.ipv4} and ${host.addresses.outside.ipv6}`,
  );

  await tellStory(story, host, engine);
  if (options.flag('keep')) await keep(host, daemon, print);
  else story.chapter('Gone again: every process, namespace, address and rule of it');
  tellNext(print);
  return 0;
};

async function tellStory(story: Story, host: Host, engine: Connection): Promise<void> {
  story.chapter('An image from this machine’s own busybox');
  await loadImage(host, engine);

  story.chapter('fairlead network create app');
  await engine.ask('POST', '/networks/create', { body: { Name: 'app', EnableIPv6: false } });

  story.chapter('fairlead run -d --name web --network app -p 8080:80 demo httpd -f -h /var/www');
  await runContainer(engine, 'web', ['httpd', '-f', '-h', '/var/www'], { '80/tcp': [{ HostPort: '8080' }] });
  story.chapter('What that did to the kernel, as commands (fairlead explain)');
  for (const command of await transcript(engine)) story.fact(command);

  story.chapter('fairlead run -d --name client --network app demo sleep 600');
  await runContainer(engine, 'client', ['sleep', '600'], {});
  story.chapter('fairlead exec client nslookup web');
  story.facts(await execute(engine, 'client', ['nslookup', 'web']));
  story.chapter('fairlead exec client wget -qO- http://web');
  story.facts(await execute(engine, 'client', ['wget', '-qO-', 'http://web/']));

  const address = `http://${host.addresses.host.ipv4}:8080/`;
  story.chapter(`From outside: wget -qO- ${address}`);
  story.facts(await host.outside.exec('busybox', 'wget', '-T', '5', '-qO-', address));
}

async function loadImage(host: Host, engine: Connection): Promise<void> {
  const archive = join(host.folder, 'demo.tar');
  await busyboxImage(archive, { reference: image, files: { 'var/www/index.html': `${page}\n` } });
  const messages = engine.lines<{ error?: string }>('POST', '/images/load', {
    stream: createReadStream(archive),
    headers: { 'content-type': 'application/x-tar' },
  });
  for await (const { error } of messages) if (error !== undefined) throw new FairleadError('internal', error);
}

async function runContainer(
  engine: Connection,
  name: string,
  command: readonly string[],
  ports: Record<string, unknown>,
): Promise<void> {
  const body = {
    Image: image,
    Cmd: command,
    ExposedPorts: Object.fromEntries(Object.keys(ports).map((port) => [port, {}])),
    HostConfig: { NetworkMode: 'app', PortBindings: ports },
  };
  await engine.ask('POST', '/containers/create', { query: { name }, body });
  await engine.ask('POST', `/containers/${name}/start`);
}

async function execute(engine: Connection, name: string, command: readonly string[]): Promise<string> {
  const body = { Cmd: command, AttachStdout: true, AttachStderr: true };
  const { Id } = await engine.ask<{ Id: string }>('POST', `/containers/${name}/exec`, { body });
  const remote = await engine.hijack(`/exec/${Id}/start`, { body: { Detach: false, Tty: false } });
  let output = '';
  for await (const { data } of splitFrames(remote)) output += Buffer.from(data).toString();
  return output;
}

async function keep(host: Host, daemon: Daemon, print: (line: string) => void): Promise<void> {
  print(`\nIt runs until you press Ctrl-C. Drive it from another terminal, as root:
  export DOCKER_HOST=unix://${daemon.socketPath}
  docker ps                                   # or: ${launcher} ps
  nsenter --target=${host.pid} --all           # be root of that host`);
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  const clock = setInterval(() => {}, 60_000);
  await promise;
  clearInterval(clock);
}

function tellNext(print: (line: string) => void): void {
  print(`
Next:
  sudo ./fairlead up          installs and starts the engine for this machine; 'sudo ./fairlead down' undoes it
  ./fairlead --help           what it can do`);
}

/** Tells what happens: chapters with the time since the start, facts below them. */
class Story {
  readonly #print: (line: string) => void;
  readonly #start = performance.now();

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  chapter(title: string): void {
    const seconds = ((performance.now() - this.#start) / 1000).toFixed(2);
    this.#print(`\n${bold(`▸ ${title}`)}  [${seconds} s]`);
  }

  fact(line: string): void {
    this.#print(`    ${line}`);
  }

  facts(text: string): void {
    for (const line of text.trimEnd().split('\n')) this.fact(line);
  }
}

function bold(text: string): string {
  return process.stdout.isTTY ? `\x1b[1m${text}\x1b[0m` : text;
}
