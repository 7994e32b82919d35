import { setTimeout as sleep } from 'node:timers/promises';
import { FairleadError, type Logger, messageOf } from '@fairlead/base';
import type { Plugin } from './plugin-model.ts';
import type { PluginProcess } from './plugin-process.ts';

const SIGTERM = 15;
const SIGKILL = 9;

/** Durations in the life of a plugin, in milliseconds. */
export interface PluginPatience {
  /** Until it has to listen. */
  readonly listening: number;
  /** Until it is killed that was told to end. */
  readonly ending: number;
  /** Before it is started again for the first time; each further time twice as long. */
  readonly firstPause: number;
  readonly longestPause: number;
  /** It has run well: the next pause is a first one again. */
  readonly steady: number;
}

/** Docker's durations: half a second, then three attempts with three seconds before each; ten seconds for an end. */
export const usualPatience: PluginPatience = {
  listening: 9_500,
  ending: 10_000,
  firstPause: 100,
  longestPause: 60_000,
  steady: 10_000,
};

/** Milliseconds between looks at a socket that is not there yet. */
const LOOK_AGAIN = 20;

/** What a {@link RunningPlugin} works with. */
export interface RunningParts {
  readonly process: Pick<
    PluginProcess,
    'start' | 'adopt' | 'ended' | 'listens' | 'socket' | 'kill' | 'clear' | 'unmount' | 'release'
  >;
  readonly logger: Logger;
  /** Told once when it has been given up: it does not come up any more. */
  readonly onGivenUp: () => void;
  readonly patience?: PluginPatience;
}

/** A plugin that is to run: when it ends by itself it is started again, until somebody stops it. */
export class RunningPlugin {
  readonly plugin: Plugin;
  readonly #parts: RunningParts;
  readonly #patience: PluginPatience;
  readonly #stop = new AbortController();
  #life: Promise<void> = Promise.resolve();
  /** It has ended and is being started again. */
  #isReturning = false;

  constructor(plugin: Plugin, parts: RunningParts) {
    this.plugin = plugin;
    this.#parts = parts;
    this.#patience = parts.patience ?? usualPatience;
  }

  get socket(): string {
    return this.#parts.process.socket;
  }

  /**
   * Start it, or take it over, and wait until it listens.
   *
   * @throws FairleadError in Docker's words; nothing of it is left then.
   */
  async begin({ isThere }: { readonly isThere: boolean }): Promise<void> {
    const { process } = this.#parts;
    try {
      if (isThere) await process.adopt();
      else await this.#start();
      await this.#untilListening();
    } catch (error) {
      await this.#end();
      throw error;
    }
    this.#life = this.#stayAlive();
  }

  /** End it, with SIGTERM and then with SIGKILL. Nothing of it is left. */
  async stop(): Promise<void> {
    this.#stop.abort();
    // What is being started cannot be told to end before it is there.
    if (this.#isReturning) await this.#life;
    await this.#end();
    await this.#life;
  }

  /** It goes on without us; a successor takes it over. */
  release(): void {
    this.#stop.abort();
    this.#parts.process.release();
  }

  /** Something may be left of one that nobody could clear away. */
  async #start(): Promise<void> {
    await this.#parts.process.clear();
    await this.#parts.process.start();
  }

  async #end(): Promise<void> {
    const { process } = this.#parts;
    const ended = process.ended().catch(() => undefined);
    await process.kill(SIGTERM);
    if (!(await within(ended, this.#patience.ending))) {
      await process.kill(SIGKILL);
      await within(ended, this.#patience.ending);
    }
    await process.clear();
    process.unmount();
  }

  /** Until it is stopped: wait for its end, and start it again. Never rejects. */
  async #stayAlive(): Promise<void> {
    const { process, logger, onGivenUp } = this.#parts;
    const { name } = this.plugin;
    for (let pause = 0; ; ) {
      const since = performance.now();
      const code = await process.ended().catch(() => undefined);
      if (this.#stop.signal.aborted) return;
      pause = this.#nextPause(pause, performance.now() - since);
      logger.warn('plugin ended; starting it again', { plugin: name, exitCode: code, pause });
      this.#isReturning = true;
      try {
        await sleep(pause, undefined, { signal: this.#stop.signal });
        await this.#start();
        await this.#untilListening();
        this.#isReturning = false;
        // Who stops it has waited for this.
        if (this.#stop.signal.aborted) return;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        logger.error('plugin given up', { plugin: name, error: messageOf(error) });
        await this.#end().catch((failure: unknown) => logger.warn('plugin not cleared', { error: messageOf(failure) }));
        return onGivenUp();
      }
    }
  }

  #nextPause(last: number, ranFor: number): number {
    const { firstPause, longestPause, steady } = this.#patience;
    return last === 0 || ranFor >= steady ? firstPause : Math.min(last * 2, longestPause);
  }

  /** One that ends before it listens is started again, as Docker does. @throws FairleadError in Docker's words. */
  async #untilListening(): Promise<void> {
    const { process } = this.#parts;
    const deadline = performance.now() + this.#patience.listening;
    let hasEnded = false;
    const watch = () =>
      process
        .ended()
        .then(() => (hasEnded = true))
        .catch(() => {});
    void watch();
    while (!(await process.listens())) {
      if (this.#stop.signal.aborted) throw new FairleadError('cancelled', 'plugin is being disabled');
      if (performance.now() > deadline) {
        throw new FairleadError('internal', `dial unix ${process.socket}: connect: no such file or directory`);
      }
      await sleep(hasEnded ? this.#patience.firstPause : LOOK_AGAIN);
      if (!hasEnded) continue;
      hasEnded = false;
      await this.#start();
      void watch();
    }
  }
}

/** @returns whether it came to pass in so many milliseconds. */
async function within(happening: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const late = new AbortController();
  const timeout = sleep(milliseconds, false, { signal: late.signal }).catch(() => false);
  const happened = await Promise.race([happening.then(() => true), timeout]);
  late.abort();
  return happened;
}
