import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { splitFrames } from '@fairlead/api/client';
import { FairleadError } from '@fairlead/base';
import { busyboxImage, Daemon, Host } from '@fairlead/lab';
import type { Action } from '../command/command.ts';
import { type Connection, connect } from '../connection/connection.ts';
import { transcript } from '../insight/explain.ts';
import { provide } from '../setup/debian-packages.ts';
import { demoRequirements, engineRequirements } from '../setup/requirement.ts';
import { launcher } from './places.ts';

const image = 'demo:latest';
const page = 'This page came through a port that Fairlead published.';

/** `fairlead demo`: the whole story in a throw-away host, which goes with it. */
export const demo: Action = async ({ options, print }) => {
  if (process.getuid?.() !== 0) {
    throw new FairleadError('forbidden', 'the demonstration needs root: sudo ./fairlead demo');
  }
  provide([...engineRequirements, ...demoRequirements], print);
  const isKept = options.flag('keep');
  if (isKept && process.send === undefined) return startKeeper();
  const story = new Story(print);
  await playInHost(story, isKept, print);
  if (isKept) return 0;
  story.chapter('Gone again: every process, namespace, address and rule of it');
  tellNext(print);
  return 0;
};

async function playInHost(story: Story, isKept: boolean, print: (line: string) => void): Promise<void> {
  story.chapter('A throw-away host with the engine in it; nothing of this machine’s network is touched');
  await using host = await Host.create({ hostname: 'demo' });
  await using daemon = await Daemon.fairlead(host);
  const { host: inside, outside } = host.addresses;
  story.fact(`host ${inside.ipv4} and ${inside.ipv6}, outside ${outside.ipv4} and ${outside.ipv6}`);
  await tellStory(story, host, connect(`unix://${daemon.socketPath}`));
  if (isKept) await keep(host, daemon, print);
}

/**
 * A host lives as long as the process that made it: one in the background makes it, tells the story through this one,
 * and stays.
 */
async function startKeeper(): Promise<number> {
  const { fork } = await import('node:child_process');
  const main = join(import.meta.dirname, '../main.ts');
  const keeper = fork(main, ['demo', '--keep'], { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  keeper.stdout?.pipe(process.stdout);
  keeper.stderr?.pipe(process.stderr);
  const { promise, resolve } = Promise.withResolvers<number>();
  keeper.on('message', () => resolve(0));
  keeper.on('exit', (code) => resolve(code ?? 1));
  const code = await promise;
  if (code === 0) {
    keeper.disconnect();
    keeper.stdout?.destroy();
    keeper.stderr?.destroy();
    keeper.unref();
  }
  return code;
}

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
  story.facts(await host.outside.exec('busybox', 'wget', '-qO-', address));
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

/** Say how to use what was made, let the process in front go, and wait for a signal. */
async function keep(host: Host, daemon: Daemon, print: (line: string) => void): Promise<void> {
  print(`
It runs on. As root:
  export DOCKER_HOST=unix://${daemon.socketPath}
  docker ps                                # or: ${launcher} ps
  nsenter --target=${host.pid} --all       # a shell in that host
  kill ${process.pid}                      # ends it, and leaves nothing behind`);
  tellNext(print);
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  process.on('SIGHUP', () => {});
  const clock = setInterval(() => {}, 60_000);
  process.stdout.write('', () => process.send?.('told'));
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
