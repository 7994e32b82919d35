import type { AttachedStreams, LogLine } from '@fairlead/engine';
import { Broadcast } from './broadcast.ts';

/** What a fake process is started with. */
export interface FakeProcessOptions {
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly env: readonly string[];
}

/** Exit status of a command that does not exist. */
const notFoundStatus = 127;

/** A process that is none: it knows `echo`, `cat`, `sleep`, `exit`, `env`, `true`, `false` and `sh -c` with `;`. */
export class FakeProcess {
  readonly output = new Broadcast<LogLine>();
  readonly exited: Promise<number>;
  readonly #options: FakeProcessOptions;
  readonly #input = new Broadcast<Uint8Array>();
  readonly #killed = Promise.withResolvers<number>();

  constructor(options: FakeProcessOptions) {
    this.#options = options;
    this.exited = Promise.race([this.#run(options.command), this.#killed.promise]).then((code) => {
      this.output.close();
      return code;
    });
  }

  kill(signal: number): void {
    this.#killed.resolve(128 + signal);
  }

  /** A client's end, from position `start` of the output on. */
  attach(
    start: number,
    wants: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean },
  ): AttachedStreams {
    const abort = new AbortController();
    const { output } = this;
    const input = this.#input;
    return {
      tty: this.#options.tty,
      output: (async function* () {
        for await (const line of output.from(start, abort.signal)) if (wants[line.stream]) yield line;
      })(),
      write: async (data) => {
        if (wants.stdin) input.push(Uint8Array.from(data));
      },
      end: async () => input.close(),
      detach: () => abort.abort(),
    };
  }

  async #run(command: readonly string[]): Promise<number> {
    const [name = '', ...args] = command;
    switch (name) {
      case 'true':
        return 0;
      case 'false':
        return 1;
      case 'exit':
        return Number(args[0] ?? 0);
      case 'sh':
        return await this.#script(args[1] ?? '');
      case 'echo':
        return this.#echo(args);
      case 'env':
        return this.#echo([this.#options.env.join('\n')]);
      case 'sleep':
        await new Promise((resolve) => setTimeout(resolve, Number(args[0]) * 1000).unref());
        return 0;
      case 'cat':
        for await (const chunk of this.#input.from(0)) this.#emit('stdout', chunk);
        return 0;
      default:
        return notFoundStatus;
    }
  }

  async #script(script: string): Promise<number> {
    let status = 0;
    for (const line of script.split(';')) {
      const words = line.trim().split(/\s+/);
      status = await this.#run(words);
      if (words[0] === 'exit') break;
    }
    return status;
  }

  #echo(args: readonly string[]): number {
    const toError = args.at(-1) === '>&2';
    const text = (toError ? args.slice(0, -1) : args).join(' ');
    this.#emit(toError ? 'stderr' : 'stdout', Buffer.from(`${text}${this.#options.tty ? '\r\n' : '\n'}`));
    return 0;
  }

  #emit(stream: 'stdout' | 'stderr', data: Uint8Array): void {
    this.output.push({ stream, data, time: new Date().toISOString() });
  }
}
