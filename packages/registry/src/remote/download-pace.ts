import { setTimeout as delay } from 'node:timers/promises';

/** Bytes per second on one connection that several are hardly better than. */
const FAST = 50_000_000;
/** Milliseconds over which the speed is measured. */
const SPAN = 100;

/** How fast the layers of an image arrive. */
export class DownloadPace {
  readonly #wait: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  #bytes = 0;

  /** @param wait tests put another clock in its place. */
  constructor(wait = (milliseconds: number, signal?: AbortSignal) => delay(milliseconds, undefined, { signal })) {
    this.#wait = wait;
  }

  /** Pass a stream through and count it. */
  async *counted(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      this.#bytes += chunk.length;
      yield chunk;
    }
  }

  /** Resolves when one connection more would help, when all has arrived, or when the signal is raised. */
  async untilSlow(signal?: AbortSignal): Promise<void> {
    for (let isFast = true; isFast && signal?.aborted !== true; ) {
      const before = this.#bytes;
      await this.#wait(SPAN, signal).catch(() => {});
      isFast = this.#bytes - before >= (FAST * SPAN) / 1000;
    }
  }
}
