import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ApiClient } from '@fairlead/api/client';
import { Kernel, Recorder } from '@fairlead/kernel';
import { busyboxImage, Daemon, type Finished, Host } from '@fairlead/lab';
import { inOrder, kernelLines, lasting } from './kernel-lines.ts';
import type { Seen } from './replay-coverage.ts';

const launcher = resolve(import.meta.dirname, '../../fairlead');

/** What Fairlead did since the last time, in order, and the commands that undo it, those of the last operation first. */
interface Replayed {
  readonly names: readonly string[];
  readonly script: string;
  readonly undo: string;
}

/** How a {@link ReplayRig} is to be. */
export interface ReplayOptions {
  /** Of the daemon. */
  readonly flags?: readonly string[];
  /** Gives a host what both have beside what the engine makes. */
  readonly furnish?: (machine: Host) => Promise<void>;
}

/**
 * A host with an engine, and a twin without one on which what `fairlead explain` prints is typed into the real tools. Both
 * have a `/run/netns` of their own, so the names are the same too.
 */
export class ReplayRig implements AsyncDisposable {
  readonly host: Host;
  readonly twin: Host;
  readonly daemon: Daemon;
  readonly #parts: AsyncDisposableStack;
  readonly #client: ApiClient;
  /** Operations that the twin has done. Those that ran at once end in any order. */
  readonly #replayed = new Map<number, string>();
  #script = '';
  #undo = '';
  /** What lasts of the kernel, the same on both hosts, when they were compared last. */
  #same: readonly string[] = [];

  private constructor(host: Host, twin: Host, daemon: Daemon, parts: AsyncDisposableStack) {
    this.host = host;
    this.twin = twin;
    this.daemon = daemon;
    this.#parts = parts;
    this.#client = new ApiClient(`unix://${daemon.socketPath}`);
  }

  /** Start it all, with the image `busybox`; what was started is dismantled when a later step fails. */
  static async start({ flags = [], furnish }: ReplayOptions = {}): Promise<ReplayRig> {
    await using parts = new AsyncDisposableStack();
    const host = parts.use(await Host.create({ kernel: new Kernel(new Recorder()) }));
    const twin = parts.use(await Host.create({ kernel: new Kernel(new Recorder()) }));
    for (const machine of [host, twin]) {
      await likeAnyOther(machine);
      await furnish?.(machine);
    }
    const image = join(host.folder, 'busybox.tar');
    const [daemon] = await Promise.all([Daemon.fairlead(host, flags), busyboxImage(image)]);
    parts.use(daemon);
    await daemon.docker('load', '-i', image);
    return new ReplayRig(host, twin, daemon, parts.move());
  }

  /** Every command that the twin has been given, those that undo others apart; and the names of the operations. */
  get seen(): Seen {
    return { script: this.#script, undo: this.#undo, operations: [...this.#replayed.values()] };
  }

  /** Number of the last operation that the twin has done. */
  get lastOperation(): number {
    return Math.max(...this.#replayed.keys());
  }

  /** Run Fairlead's own command in the host, whatever the exit code is. */
  tryFairlead(...words: string[]): Promise<Finished> {
    return this.host.run([launcher, ...words], { env: { DOCKER_HOST: this.daemon.address } });
  }

  /** What `fairlead explain` prints. */
  async explain(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.tryFairlead('explain', ...words);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  /**
   * Ask what a command would do, do it, and do the same on the twin: then both are alike. Undone, the twin is as it was
   * before; done once more, both are alike again. What was told beforehand is what was done.
   *
   * @param operation a name of which there has to be one.
   * @param refusal why it is not told beforehand, where it is not.
   */
  async play(command: readonly string[], operation: string, refusal?: RegExp): Promise<void> {
    const rehearsed = await this.rehearse(command);
    if (refusal) assert.match(rehearsed?.stderr ?? '', refusal);
    await this.#do(command);
    const done = await this.replayBothWays(operation);
    if (rehearsed === undefined || refusal) return;
    assert.equal(rehearsed.code, 0, rehearsed.stderr);
    assertToldAlike(rehearsed.stdout, done);
  }

  /** Do on the twin what was done on the host, undo it, and do it again. */
  async replayBothWays(operation: string): Promise<Replayed> {
    const before = this.#same;
    const done = await this.replay();
    const { names, script, undo } = done;
    assert.ok(names.includes(operation), names.join(', '));
    await this.assertSame();
    await this.#type(undo, `undo ${names.join(', ')}`);
    await this.#assertTwin(async () => before, lasting, 'to undo it gave something else:');
    await this.#type(script, 'once more');
    await this.assertSame();
    return done;
  }

  /** Do on the twin what Fairlead did since the last time. */
  async replay(): Promise<Replayed> {
    const operations = await this.#newOperations();
    const scripts: string[] = [];
    const undo: string[] = [];
    for (const { id, name } of operations) {
      const script = await this.#client.text('GET', `/fairlead/operations/${id}/transcript`);
      assertRunnable(script);
      scripts.push(script);
      const account = await this.#client.json<{ undo: string[] }>('GET', `/fairlead/operations/${id}/account`);
      undo.unshift(account.undo.map((line) => `${line}\n`).join(''));
      this.#replayed.set(id, name);
    }
    const names = operations.map(({ name }) => name);
    const done = { names, script: scripts.join(''), undo: undo.join('') };
    await this.#type(done.script, names.join(', '));
    this.#script += done.script;
    this.#undo += done.undo;
    return done;
  }

  /** Both hosts are alike, but for what the kernel does by itself in its own time. */
  async assertSame(): Promise<void> {
    this.#same = await this.#assertTwin(() => kernelLines(this.host), lasting, 'the replay gave something else:');
  }

  /** Both hosts are alike to the last bit; that can take some seconds. */
  async assertIdentical(): Promise<void> {
    await this.#assertTwin(
      () => kernelLines(this.host),
      (line) => [line],
      'in the end there is something else:',
    );
  }

  /** Ask what a command would do, where that can be asked; nothing is changed by it. */
  async rehearse(command: readonly string[]): Promise<Finished | undefined> {
    const words = rehearsalOf(command);
    if (words === undefined) return undefined;
    const before = await this.told();
    const rehearsed = await this.tryFairlead(...words);
    assert.deepEqual(await this.told(), before, 'asking changes nothing');
    assert.deepEqual(inOrder((await kernelLines(this.host)).flatMap(lasting)), this.#same, 'asking changes nothing');
    return rehearsed;
  }

  /** What is stored, which ports are held, and what the journal has. */
  async told(): Promise<readonly string[]> {
    using database = new DatabaseSync(join(this.host.folder, 'data', 'state.db'), { readOnly: true });
    const rows = database.prepare('SELECT kind, id, value FROM object ORDER BY kind, id').all();
    const sockets = await this.host.exec('ss', '-Hlntuw');
    const journal = await this.#client.text('GET', '/fairlead/log?kind=operation');
    return [...rows.map((row) => JSON.stringify(row)), ...sockets.split('\n').sort(), journal];
  }

  async #do(command: readonly string[]): Promise<void> {
    if (!isOwn(command)) await this.daemon.docker(...command);
    else {
      const { code, stderr } = await this.tryFairlead(...command);
      assert.equal(code, 0, stderr);
    }
  }

  async #newOperations(): Promise<{ id: number; name: string }[]> {
    const operations = await this.#client.json<{ id: string; name: string }[]>('GET', '/fairlead/operations');
    return operations
      .map(({ id, name }) => ({ id: Number(id), name }))
      .filter(({ id }) => !this.#replayed.has(id))
      .reverse();
  }

  async #type(script: string, name: string): Promise<void> {
    const { code, stderr } = await this.twin.run(['bash', '-e'], { input: script });
    assert.equal(code, 0, `${name}\n${script}\n${stderr}`);
  }

  /** Links settle in the background, for each host in its own time. @returns what was compared. */
  async #assertTwin(
    stateWanted: () => Promise<readonly string[]>,
    comparable: (line: string) => readonly string[],
    fault: string,
  ): Promise<readonly string[]> {
    for (let attempt = 0; ; attempt++) {
      const states = await Promise.all([stateWanted(), kernelLines(this.twin)]);
      const [wanted = [], actual = []] = states.map((state) => inOrder(state.flatMap(comparable)));
      if (isDeepStrictEqual(actual, wanted)) return wanted;
      if (attempt < 20) await sleep(100);
      else {
        const [inHost, inTwin] = [new Set(wanted), new Set(actual)];
        const missing = wanted.filter((thing) => !inTwin.has(thing)).map((thing) => `- ${thing}`);
        const extra = actual.filter((thing) => !inHost.has(thing)).map((thing) => `+ ${thing}`);
        const moved = actual.filter((thing, index) => thing !== wanted[index]).map((thing) => `~ ${thing}`);
        const differences = [...missing, ...extra];
        assert.fail([fault, ...(differences.length > 0 ? differences : moved)].join('\n'));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts[Symbol.asyncDispose]();
  }
}

/** The address of a host's own card is random, and not Fairlead's. */
async function likeAnyOther(machine: Host): Promise<void> {
  await machine.exec('ip', 'link', 'set', 'eth0', 'address', '02:00:00:00:00:02');
  await machine.exec('ip', '-6', 'address', 'flush', 'dev', 'eth0', 'scope', 'link');
}

/** Commands on the life of a container. */
const lives: ReadonlySet<string> = new Set(['start', 'stop', 'restart', 'kill', 'rm', 'pause', 'unpause']);

/** The command that asks what a command of docker would do; `undefined` where nobody can ask. */
export function rehearsalOf([first = '', second = '', ...rest]: readonly string[]): string[] | undefined {
  if (first === 'run') return ['explain', 'run', second, ...rest];
  if (lives.has(first)) return [first, '--dry-run', second, ...rest];
  return first === 'network' || first === 'port' ? [first, second, '--dry-run', ...rest] : undefined;
}

/** What Docker has no words for. */
function isOwn(command: readonly string[]): boolean {
  return /^(port|network (limit|update))\b/.test(command.join(' '));
}

/** Every line is a command of a tool that everybody has, or stands between the quotes of one. */
function assertRunnable(script: string): void {
  const commands = script
    .trimEnd()
    .replaceAll(/<<'NFT'\n[\s\S]*?\nNFT$/gm, '')
    .split('\n');
  for (const command of commands)
    assert.match(command, /^(ip|bridge|tc|nft|sysctl|conntrack|unshare|nsenter --net=\S+ (nft|sysctl)) /);
}

/** What was told beforehand is what was done, in both directions. */
function assertToldAlike(told: string, { script, undo }: Replayed): void {
  const commands = (text: string) => text.replaceAll(/^#.*\n/gm, '');
  assertRunnable(commands(told));
  assert.equal(withoutChance(commands(told)), withoutChance(commands(script)));
  // What goes in any order goes in the order of names that are made up.
  const wayBack = (text: string) =>
    withoutChance(text)
      .split('\n')
      .filter((line) => line.startsWith('#   ') && line !== '#   ')
      .sort();
  assert.deepEqual(wayBack(told), wayBack(undo.replaceAll(/^/gm, '#   ')));
}

/** Without what is made up anew each time. */
function withoutChance(script: string): string {
  return script
    .replaceAll(/\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, 'MAC')
    .replaceAll(/\bveth[0-9a-z]+|\b(br|hl|[btu]\d)-[0-9a-f]+/g, (name) => name.slice(0, 2))
    .replaceAll(/\b[0-9a-f]{12}\b|(?<= index )\d+/g, 'ID')
    .replaceAll(/\b\d{5}\b/g, 'PORT');
}
