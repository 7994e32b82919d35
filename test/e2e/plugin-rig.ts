import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Host } from '@fairlead/lab';
import { eventually } from './life-rig.ts';

/** One request that the plugin got. */
export interface PluginCall {
  readonly method: string;
  readonly accept?: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A plugin of `test/lab` in a host, under the name `plug`. */
export class PluginRig {
  readonly #host: Host;
  static readonly #socket = '/run/docker/plugins/plug.sock';
  readonly #program: string;
  readonly #folder: string;
  readonly #answers: Record<string, unknown> = {};
  #process: ChildProcess | undefined;

  /** @param kind what it drives. */
  constructor(host: Host, kind: 'network' | 'volume' | 'authorization') {
    this.#host = host;
    this.#program = resolve(import.meta.dirname, `../lab/${kind}-plugin.ts`);
    this.#folder = join(host.folder, 'plugin');
    mkdirSync(join(this.#folder, 'volumes'), { recursive: true });
  }

  async start(): Promise<void> {
    const socket = PluginRig.#socket;
    await this.forget();
    this.#process = this.#host.start(['node', this.#program, socket, this.#folder]);
    await eventually('the plugin listens', async () => (await this.#host.run(['test', '-S', socket])).code === 0);
  }

  /** Nothing is left of one that has ended, as after a reboot. */
  async forget(): Promise<void> {
    await this.#host.run(['rm', '-f', PluginRig.#socket]);
  }

  /** Have it end at the next question. @param ask asks one. */
  async end(ask: () => Promise<unknown>): Promise<void> {
    const ended = new Promise((gone) => this.#process?.once('exit', gone));
    for (const method of ['Plugin.Activate', 'NetworkDriver.GetCapabilities', 'VolumeDriver.List'])
      this.say(method, 'die');
    await ask();
    await ended;
    this.hush();
  }

  /** What it was asked since the last time. */
  calls(): PluginCall[] {
    const text = this.unreadCalls();
    writeFileSync(join(this.#folder, 'calls'), '');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }

  unreadCalls(): string {
    return readFileSync(join(this.#folder, 'calls'), { encoding: 'utf8', flag: 'a+' });
  }

  /** Have it answer a method with something else. */
  say(method: string, answer: unknown): void {
    this.#answers[method] = answer;
    writeFileSync(join(this.#folder, 'answers.json'), JSON.stringify(this.#answers));
  }

  /** From now on it answers as it does by itself. */
  hush(): void {
    for (const method of Object.keys(this.#answers)) delete this.#answers[method];
    for (const file of ['answers.json', 'join.json']) rmSync(join(this.#folder, file), { force: true });
  }

  /** Have it add something to its answers to `Join`. */
  joinWith(answer: object): void {
    writeFileSync(join(this.#folder, 'join.json'), JSON.stringify(answer));
  }
}
