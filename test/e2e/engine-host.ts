import { resolve } from 'node:path';
import { Kernel, Recorder } from '@fairlead/kernel';
import { Daemon, type DaemonOptions, type Finished, Host } from '@fairlead/lab';

const launcher = resolve(import.meta.dirname, '../../fairlead');

/** A throw-away host with Fairlead in it and the image `busybox` loaded, dismantled with both. */
export class EngineHost implements AsyncDisposable {
  readonly host: Host;
  readonly daemon: Daemon;
  /** Path of Fairlead's own command. */
  readonly launcher = launcher;

  readonly #parts: AsyncDisposableStack;

  private constructor(host: Host, daemon: Daemon, parts: AsyncDisposableStack) {
    this.host = host;
    this.daemon = daemon;
    this.#parts = parts;
  }

  /**
   * Start it all; what was started is dismantled when a later step fails.
   *
   * @param files stand in the image, by their path there.
   * @param flags of the daemon.
   */
  static async start(
    files: Readonly<Record<string, string>> = {},
    options: Partial<DaemonOptions> = {},
    flags: readonly string[] = [],
  ): Promise<EngineHost> {
    await using parts = new AsyncDisposableStack();
    const host = parts.use(await Host.create({ kernel: new Kernel(new Recorder()) }));
    const daemon = parts.use(await Daemon.fairlead(host, flags, options));
    await daemon.loadBusybox({ files });
    return new EngineHost(host, daemon, parts.move());
  }

  /**
   * Run Fairlead's own command against it: it can say what the docker command of some distribution cannot.
   *
   * @returns its standard output as it is, with the last line break.
   * @throws Error with what it said when it fails.
   */
  fairlead(...words: string[]): Promise<string> {
    return this.host.exec(launcher, '-H', this.daemon.address, ...words);
  }

  /** The same, whatever the exit code is. */
  tryFairlead(...words: string[]): Promise<Finished> {
    return this.host.run([launcher, '-H', this.daemon.address, ...words]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts[Symbol.asyncDispose]();
  }
}
