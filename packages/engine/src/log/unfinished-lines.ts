import { closeSync, fstatSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import type { OutputChunk } from '../engine-port.ts';

/** The kernel copies so many bytes or none when it kills the writer: a page. */
const largest = 4096;

/**
 * Keeps what of a log waits for the end of its line in a file beside it, where a program that is killed cannot lose it.
 *
 * It counts for the log as it was then: once anything has been written to that, what was waiting is in it, or is written
 * here anew. So it need not be removed in time, costs only those who leave lines unfinished, and is never read twice.
 */
export class UnfinishedLines {
  readonly #path: string;
  #descriptor: number | undefined;

  /** @param log path of the log's newest file. */
  constructor(log: string) {
    this.#path = `${log}.unfinished`;
  }

  /** What an earlier program has left. @param log descriptor of the log's newest file. */
  read(log: number): OutputChunk[] {
    try {
      const [state, stdout = '', stderr = ''] = JSON.parse(readFileSync(this.#path, 'latin1').split('\n')[0] ?? '');
      if (state !== stateOf(log)) return [];
      return [chunk('stdout', stdout), chunk('stderr', stderr)].filter(({ data }) => data.length > 0);
    } catch {
      // There is none, as a rule.
      return [];
    }
  }

  /** Keep what waits now; of a line that outgrows a page what was kept before. */
  keep(log: number, waiting: readonly OutputChunk[]): void {
    const textOf = (name: OutputChunk['stream']) =>
      Buffer.concat(waiting.filter(({ stream }) => stream === name).map(({ data }) => data)).toString('latin1');
    const record = `${JSON.stringify([stateOf(log), textOf('stdout'), textOf('stderr')])}\n`;
    if (record.length > largest) return;
    try {
      this.#descriptor ??= openSync(this.#path, 'w', 0o600);
      writeSync(this.#descriptor, record, 0, 'latin1');
    } catch {
      // It is lost when the program is killed, and only then.
    }
  }

  /** Nothing waits any more, and nothing will. */
  remove(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
    rmSync(this.#path, { force: true });
  }
}

/** Another file is another log, whatever its size. */
function stateOf(log: number): string {
  const { ino, size } = fstatSync(log);
  return `${ino} ${size}`;
}

function chunk(stream: OutputChunk['stream'], text: unknown): OutputChunk {
  return { stream, data: Buffer.from(String(text), 'latin1') };
}
