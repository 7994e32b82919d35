import type { Duplex } from 'node:stream';
import { splitFrames } from '@fairlead/api/client';

/** How a process's streams are joined to the command's own. */
export interface SessionOptions {
  /** The process has a terminal: its output is one stream, and keys go to it as they are pressed. */
  readonly tty: boolean;
  /** Hand standard input on. */
  readonly stdin: boolean;
  /** Tells the process the size of the terminal. */
  readonly resize: (rows: number, columns: number) => Promise<unknown>;
  /** Streams of the process that are shown. Default both. */
  readonly shown?: readonly string[];
}

/** Join a process's streams to the command's own until its output ends. The terminal is as before afterwards. */
export async function joinStreams(remote: Duplex, options: SessionOptions): Promise<void> {
  using restore = new DisposableStack();
  if (options.stdin) handInputOn(remote, options.tty, restore);
  if (options.tty && process.stdout.isTTY) followSize(options.resize, restore);
  if (options.tty) await copy(remote, process.stdout);
  else {
    const { shown = ['stdout', 'stderr'] } = options;
    for await (const { stream, data } of splitFrames(remote))
      if (shown.includes(stream) || stream === 'systemerr') await write(outputFor(stream), data);
  }
}

/** Where a stream of a process is shown; what the engine itself reports (`systemerr`) goes to standard error. */
export function outputFor(stream: string): NodeJS.WriteStream {
  return stream === 'stdout' ? process.stdout : process.stderr;
}

function handInputOn(remote: Duplex, tty: boolean, restore: DisposableStack): void {
  const { stdin } = process;
  if (tty && stdin.isTTY) {
    stdin.setRawMode(true);
    restore.defer(() => stdin.setRawMode(false));
  }
  stdin.pipe(remote);
  remote.on('error', () => stdin.unpipe(remote));
  restore.defer(() => {
    stdin.unpipe(remote);
    // An open standard input would keep the command from ending.
    stdin.destroy();
  });
}

function followSize(resize: SessionOptions['resize'], restore: DisposableStack): void {
  const tell = (): void => {
    const { rows, columns } = process.stdout;
    // The process may not be there yet or no more; the next change of size tells it again.
    resize(rows, columns).catch(() => undefined);
  };
  tell();
  process.stdout.on('resize', tell);
  restore.defer(() => process.stdout.off('resize', tell));
}

async function copy(source: AsyncIterable<Uint8Array>, target: NodeJS.WriteStream): Promise<void> {
  for await (const piece of source) await write(target, piece);
}

function write(target: NodeJS.WriteStream, data: Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  target.write(data, (error) => (error ? reject(error) : resolve()));
  return promise;
}
