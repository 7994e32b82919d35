import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ApiClient, splitFrames } from '@fairlead/api/client';
import { type Daemon, type Finished, type Host, topControlGroups } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';

/** How one health check went. */
interface ProbeLog {
  readonly Start: string;
  readonly End: string;
  readonly ExitCode: number;
  readonly Output: string;
}

/** The part of `docker inspect` that these tests look at. */
export interface Inspected {
  readonly Id: string;
  readonly RestartCount: number;
  readonly ExecIDs: readonly string[] | null;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Paused: boolean;
    readonly Restarting: boolean;
    readonly OOMKilled: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly Error: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly Health?: {
      readonly Status: string;
      readonly FailingStreak: number;
      readonly Log: readonly ProbeLog[];
    };
  };
  readonly Config: { readonly Hostname: string };
  readonly HostConfig: { readonly NetworkMode: string };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

/** What a test asks for besides image and command: fields of the request's body. */
export type CreateBody = Readonly<Record<string, unknown>> & {
  readonly HostConfig?: Readonly<Record<string, unknown>>;
};

/** An engine in a host of its own, spoken to as clients do, and looked at from outside. */
export class LifeRig implements AsyncDisposable {
  readonly host: Host;
  readonly daemon: Daemon;
  readonly api: ApiClient;
  readonly #engine: EngineHost;

  private constructor(engine: EngineHost) {
    this.#engine = engine;
    this.host = engine.host;
    this.daemon = engine.daemon;
    this.api = new ApiClient(`unix://${engine.daemon.socketPath}`);
  }

  static async start(): Promise<LifeRig> {
    return new LifeRig(await EngineHost.start());
  }

  async create(name: string, command: readonly string[], body: CreateBody = {}): Promise<string> {
    const request = { Image: 'busybox', Cmd: command, ...body };
    const { Id } = await this.api.json<{ Id: string }>('POST', '/containers/create', {
      query: { name },
      body: request,
    });
    return Id;
  }

  async run(name: string, command: readonly string[], body: CreateBody = {}): Promise<string> {
    const id = await this.create(name, command, body);
    await this.post(name, 'start');
    return id;
  }

  async post(name: string, verb: string, query: Readonly<Record<string, string | number>> = {}): Promise<void> {
    await this.api.text('POST', `/containers/${name}/${verb}`, { query });
  }

  async remove(...names: string[]): Promise<void> {
    const options = { query: { force: true } };
    await Promise.all(names.map((name) => this.api.text('DELETE', `/containers/${name}`, options)));
  }

  /** Remove every container, whatever it is about. */
  async removeAll(): Promise<void> {
    const containers = await this.api.json<{ Id: string }[]>('GET', '/containers/json', { query: { all: true } });
    await this.remove(...containers.map(({ Id }) => Id));
  }

  inspect(name: string): Promise<Inspected> {
    return this.api.json<Inspected>('GET', `/containers/${name}/json`);
  }

  async state(name: string): Promise<Inspected['State']> {
    return (await this.inspect(name)).State;
  }

  /** A wait that is armed; what it is told is in `code`. */
  async wait(name: string, condition: string): Promise<{ readonly code: Promise<number> }> {
    const message = await this.api.open('POST', `/containers/${name}/wait`, { query: { condition } });
    const read = async () => {
      const text = (await message.toArray()).join('');
      const answer: { StatusCode: number } = JSON.parse(text);
      return answer.StatusCode;
    };
    return { code: read() };
  }

  attach(name: string, query: Readonly<Record<string, number>> = {}): Promise<Duplex> {
    return this.api.hijack(`/containers/${name}/attach`, { query: { stream: 1, stdout: 1, stderr: 1, ...query } });
  }

  /** Run a command in a container: its output, both streams together. */
  async exec(name: string, command: readonly string[], body: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return await outputOf(await this.startExec(await this.createExec(name, command, body)));
  }

  async createExec(
    name: string,
    command: readonly string[],
    body: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const request = { Cmd: command, AttachStdout: true, AttachStderr: true, ...body };
    return (await this.api.json<{ Id: string }>('POST', `/containers/${name}/exec`, { body: request })).Id;
  }

  startExec(id: string, { raw = false } = {}): Promise<Duplex> {
    return this.api.hijack(`/exec/${id}/start`, { body: { Detach: false, Tty: raw } });
  }

  /** Actions of all events since a time in seconds, in order, with the given attributes. */
  async events(since: number, ...attributes: string[]): Promise<string[]> {
    const query = { since, until: (Date.now() + 1) / 1000 };
    const events = this.api.lines<{ Type: string; Action: string; Actor: { Attributes: Record<string, string> } }>;
    const lines: string[] = [];
    for await (const { Type, Action, Actor } of events.call(this.api, 'GET', '/events', { query })) {
      const shown = attributes.flatMap((name) =>
        Actor.Attributes[name] === undefined ? [] : [`${name}=${Actor.Attributes[name]}`],
      );
      lines.push([Type, Action, ...shown].join(' '));
    }
    return lines;
  }

  /** Everything that a container leaves while it is there: tasks, records, pipes, namespaces, control groups. */
  async leftovers(): Promise<Readonly<Record<string, readonly string[]>>> {
    const socket = '/run/fairlead/containerd/containerd.sock';
    const list = async (...words: string[]) => {
      const text = await this.host.exec('ctr', '-a', socket, '-n', 'fairlead', ...words);
      return text.split('\n').filter((line) => line !== '');
    };
    return {
      tasks: await list('task', 'ls', '-q'),
      records: await list('container', 'ls', '-q'),
      pipes: namesIn(this.host.pathOf('/run/fairlead/io')),
      namespaces: namesIn(this.host.pathOf('/run/netns')),
      groups: topControlGroups()
        .filter((path) => path.endsWith(`/${this.host.name}`))
        .flatMap(namesIn)
        .filter(isContainer),
      folders: namesIn(join(this.host.folder, 'data/containers')),
    };
  }

  /** Run Fairlead's own command against it, whatever its exit code is. */
  tryFairlead(...words: string[]): Promise<Finished> {
    return this.#engine.tryFairlead(...words);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine[Symbol.asyncDispose]();
  }
}

/** Long enough for a machine that is busy with other things. */
const PATIENCE_MS = 60_000;
/** What does not come at once is looked for less and less often: looking takes the processor from what is waited for. */
const [FIRST_PAUSE_MS, LAST_PAUSE_MS] = [20, 80];

/**
 * Wait until something has come about.
 *
 * @param what for the message when it does not within a minute.
 */
export async function eventually(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let pause = FIRST_PAUSE_MS; !(await condition()); pause = Math.min(pause * 1.1, LAST_PAUSE_MS)) {
    if (performance.now() > deadline) assert.fail(`it never came about that ${what}`);
    await sleep(pause);
  }
}

/**
 * Wait until what is seen is what is wanted; what is seen instead after a minute is the failure. Containers, namespaces
 * and interfaces go in the kernel's own time, and what a crash has cut off can turn up a moment later and go then.
 */
export async function eventuallyEqual<Seen>(
  look: () => Seen | Promise<Seen>,
  wanted: Seen,
  what?: string,
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.1, LAST_PAUSE_MS)) {
    const seen = await look();
    if (isDeepStrictEqual(seen, wanted)) return;
    if (performance.now() > deadline) {
      const difference = { actual: seen, expected: wanted, operator: 'deepStrictEqual' };
      throw new assert.AssertionError({ ...difference, ...(what !== undefined && { message: what }) });
    }
    await sleep(pause);
  }
}

/** What comes out of a connection to a process without a terminal, until it ends. */
export async function outputOf(connection: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const { data } of splitFrames(connection)) text += Buffer.from(data).toString();
  return text;
}

/** `/proc/PID/status`, '' for a process that is gone: others end while all of a host are gone through. */
export function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

function isContainer(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
