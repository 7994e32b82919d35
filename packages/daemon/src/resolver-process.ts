import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Logger, messageOf } from '@fairlead/base';
import { ResolverClient } from '@fairlead/dns/client';
import { isAlive } from '@fairlead/runtime/host-program';

/** Where the resolver process is reached, and how it is started. */
export interface ResolverSettings {
  readonly socket: string;
  readonly log: string;
  readonly logger: Logger;
}

/** Milliseconds between two looks whether a process has gone, and after which nobody looks any more. */
const GONE_POLL = 5;
const GONE_PATIENCE = 2000;
/** Milliseconds from an attempt to restore a lost one to the next; each further pause is twice as long. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;

/**
 * The resolver process: found where one runs, else started by the first who has something to keep there, started
 * again when it is lost, and ended when nobody has anything there. An engine without containers does without: it takes as much
 * memory as a small engine.
 */
export class ResolverProcess implements AsyncDisposable {
  readonly #settings: ResolverSettings;
  #client: Promise<ResolverClient> | undefined;
  #closing = false;
  /** How often somebody has needed it, or told it something. */
  #uses = 0;
  /** With the last one it was forgotten what somebody had there. */
  #isLost = false;
  /** The end of the one that nobody needed any more. */
  #ending: Promise<void> | undefined;
  /** Calls what a process that was just started is told before anybody else calls it. */
  onStart: (client: ResolverClient) => void = () => {};
  /** Called when the process was lost and another one runs: it knows nothing. */
  onRestart: () => Promise<void> = async () => {};

  private constructor(settings: ResolverSettings) {
    this.#settings = settings;
  }

  /** Connect to the process where one runs. */
  static async find(settings: ResolverSettings): Promise<ResolverProcess> {
    const found = new ResolverProcess(settings);
    const client = await ResolverClient.connect(settings.socket).catch(() => undefined);
    if (client === undefined) return found;
    found.#client = Promise.resolve(client);
    found.#follow(client);
    return found;
  }

  /** The connection to it, where it runs or is about to; it may turn out that it does not come up. */
  get running(): Promise<ResolverClient> | undefined {
    this.#uses += 1;
    return this.#client;
  }

  /** The same, started if need be. @throws FairleadError `unavailable` when it does not come up. */
  needed(): Promise<ResolverClient> {
    this.#uses += 1;
    this.#client ??= this.#begin();
    return this.#client;
  }

  /**
   * End it if nobody has anything there. Who has asked it for something meanwhile keeps it, for it carries out what it is told
   * one after the other; who comes later gets another one, when this one has gone.
   *
   * @param hasNothing asks it.
   * @returns whether it was ended.
   */
  async retire(hasNothing: (client: ResolverClient) => Promise<boolean>): Promise<boolean> {
    const uses = this.#uses;
    const client = await this.#client?.catch(() => undefined);
    if (client === undefined || !(await hasNothing(client)) || this.#uses !== uses || this.#closing) return false;
    this.#client = undefined;
    this.#ending = endOf(client).catch(() => {});
    await this.#ending;
    return true;
  }

  /** End the process. */
  async shutdown(): Promise<void> {
    this.#closing = true;
    await this.#ending;
    const client = await this.#client?.catch(() => undefined);
    // It may be gone before its answer has arrived.
    await client?.call('shutdown', {}).catch(() => {});
    await client?.closed;
  }

  /** Hang up; the process goes on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    await this.#ending;
    const client = await this.#client?.catch(() => undefined);
    await client?.[Symbol.asyncDispose]();
  }

  async #begin(): Promise<ResolverClient> {
    try {
      await this.#ending;
      const client = await this.#connect();
      this.onStart(client);
      this.#follow(client);
      if (this.#isLost) void this.#tellAnew();
      return client;
    } catch (error) {
      // The next one who needs it tries again.
      this.#client = undefined;
      throw error;
    }
  }

  #connect(): Promise<ResolverClient> {
    return ResolverClient.connectOrStart(this.#settings.socket, () => startResolver(this.#settings));
  }

  #follow(client: ResolverClient): void {
    const current = this.#client;
    void client.closed.then(async () => {
      if (this.#closing || this.#client !== current) return;
      this.#settings.logger.warn('name service lost; starting another one');
      this.#client = undefined;
      this.#isLost = true;
      await this.#restore();
    });
  }

  /** Until another one is there; whoever needs it meanwhile tries as well. */
  async #restore(): Promise<void> {
    for (let pause = FIRST_PAUSE; this.#isLost && !this.#closing; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        await this.needed();
      } catch (error) {
        this.#settings.logger.error('name service not restored yet', { error: messageOf(error) });
        await sleep(pause, undefined, { ref: false });
      }
    }
  }

  async #tellAnew(): Promise<void> {
    this.#isLost = false;
    try {
      await this.onRestart();
    } catch (error) {
      this.#settings.logger.error('name service not told everything anew', { error: messageOf(error) });
    }
  }
}

/** End a process, and wait until it has gone: as long as it is there no other one can take its place. */
async function endOf(client: ResolverClient): Promise<void> {
  const { pid } = await client.call('ping', {});
  await client.call('shutdown', {}).catch(() => {});
  for (const end = performance.now() + GONE_PATIENCE; isAlive(pid) && performance.now() < end; ) {
    await sleep(GONE_POLL);
  }
}

/** Detached and with a log of its own: it outlives the daemon. */
function startResolver({ socket, log, logger }: ResolverSettings): void {
  const program = fileURLToPath(import.meta.resolve('@fairlead/resolver/main'));
  const output = openSync(log, 'a', 0o640);
  const child = spawn(process.execPath, [program, '--socket', socket], {
    detached: true,
    stdio: ['ignore', 'ignore', output],
    cwd: '/',
  });
  child.on('error', (error) => logger.error('name service not started', { error: error.message }));
  child.unref();
  closeSync(output);
}
