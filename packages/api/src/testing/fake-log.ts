import type { LogLine, LogOptions } from '@fairlead/engine';
import type { Broadcast } from './broadcast.ts';

/** The lines of a fake process, as the engine reads logs: a reader that waits for the next line can be left. */
export function readFakeLog(output: Broadcast<LogLine>, options: LogOptions): AsyncIterable<readonly LogLine[]> {
  const left = new AbortController();
  const all = output.values.length;
  const start = Math.max(0, all - (options.tail ?? all));
  const lines = (async function* (): AsyncGenerator<readonly LogLine[]> {
    const source = options.follow ? output.from(start, left.signal) : output.values.slice(start);
    for await (const line of source) if (options[line.stream]) yield [line];
  })();
  const iterator: AsyncIterator<readonly LogLine[]> = {
    next: () => lines.next(),
    return: () => {
      left.abort();
      return lines.return(undefined);
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
