import type { LogLine } from '@fairlead/engine';

type Batches = AsyncIterable<readonly LogLine[]>;

/** What is left of the batch that a log is at. */
interface Head {
  readonly iterator: AsyncIterator<readonly LogLine[]>;
  lines: readonly LogLine[];
}

/** Logs that end as one, in the order of their times; no more than a batch of each is held. */
export async function* mergedInTime(logs: readonly Batches[]): AsyncGenerator<readonly LogLine[]> {
  const heads = logs.map((log): Head => ({ iterator: log[Symbol.asyncIterator](), lines: [] }));
  try {
    let open = await filled(heads);
    while (open.length > 0) {
      const [first, second] = open.toSorted((a, b) => (timeOf(a.lines[0]) < timeOf(b.lines[0]) ? -1 : 1));
      if (first === undefined) return;
      const until = second === undefined ? -1 : first.lines.findIndex((line) => timeOf(line) > timeOf(second.lines[0]));
      const count = until === -1 ? first.lines.length : until;
      yield first.lines.slice(0, count);
      first.lines = first.lines.slice(count);
      open = await filled(open);
    }
  } finally {
    await Promise.all(heads.map(async ({ iterator }) => iterator.return?.()));
  }
}

/** Those that have lines, after the next batch was read where there were none left. */
async function filled(heads: readonly Head[]): Promise<Head[]> {
  const open = await Promise.all(
    heads.map(async (head) => {
      while (head.lines.length === 0) {
        const { done, value } = await head.iterator.next();
        if (done === true) return [];
        head.lines = value;
      }
      return [head];
    }),
  );
  return open.flat();
}

/** Texts that are in order when the times are: fractions of a second have no zeros at their ends, so the `Z` would be in the way. */
function timeOf(line: LogLine | undefined): string {
  return line?.time.replace(/Z$/, '') ?? '';
}

/** Logs that are followed, as their lines come; each waits until its batch was taken. */
export class FollowedLogs {
  #waiting: (readonly LogLine[])[] = [];
  #taken = Promise.withResolvers<void>();
  #news = Promise.withResolvers<void>();
  #fault: unknown;

  /** Follow one more. */
  add(log: Batches): void {
    this.#read(log).catch((error: unknown) => {
      this.#fault = error;
      this.#news.resolve();
    });
  }

  /** Resolves when there is something to {@link take}. */
  get news(): Promise<void> {
    return this.#news.promise;
  }

  /** All that has come by now. @throws what one of them could not be read for. */
  take(): readonly LogLine[] {
    if (this.#fault !== undefined) throw this.#fault;
    const [lines, taken] = [this.#waiting.flat(), this.#taken];
    this.#waiting = [];
    [this.#taken, this.#news] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    taken.resolve();
    return lines;
  }

  async #read(log: Batches): Promise<void> {
    for await (const batch of log) {
      this.#waiting.push(batch);
      this.#news.resolve();
      await this.#taken.promise;
    }
  }
}
