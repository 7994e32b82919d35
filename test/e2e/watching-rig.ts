import { resolve } from 'node:path';
import { childrenOf, type Finished } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';
import { whenListening } from './web-server.ts';

/** The command, as it is started from a clone. */
export const fairlead = resolve(import.meta.dirname, '../../fairlead');

/** A command that goes on until it is ended, and the lines that it printed. */
export interface Watching extends Disposable {
  readonly lines: readonly string[];
  /** What it says on standard error. */
  readonly complaints: () => string;
  /** The first line that fits, now or later. @throws Error when none has come after twenty seconds. */
  until(fits: (line: string) => boolean): Promise<string>;
}

/** A host with an engine, two networks and three containers, for commands that watch it. */
export class WatchingRig implements AsyncDisposable {
  readonly engine: EngineHost;

  private constructor(engine: EngineHost) {
    this.engine = engine;
  }

  /** Start it all. @param flags of the daemon. */
  static async start(flags: readonly string[] = []): Promise<WatchingRig> {
    const rig = new WatchingRig(await EngineHost.start({}, {}, flags));
    try {
      await rig.#build();
      return rig;
    } catch (error) {
      await rig[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #build(): Promise<void> {
    const { daemon } = this.engine;
    const app = ['--subnet', '10.9.1.0/24', '--subnet', 'fd00:9:1::/64'];
    await daemon.docker('network', 'create', '--ipv6', ...app, 'app');
    await daemon.docker('network', 'create', '--subnet', '10.9.2.0/24', 'other');
    const run = ['run', '-d', '--network', 'app', '--name'];
    await daemon.docker(...run, 'web', '--ip', '10.9.1.2', 'busybox', 'sleep', '1000');
    const server = ['busybox', 'httpd', '-f', '-h', '/etc'];
    await daemon.docker(...run, 'db', '--ip', '10.9.1.3', '--ip6', 'fd00:9:1::3', '-p', '8080:80', ...server);
    await daemon.docker('run', '-d', '--network', 'other', '--name', 'far', ...server);
    await whenListening(daemon, 'db');
  }

  /** Run `fairlead` in the host. */
  command(...words: string[]): Promise<Finished> {
    return this.engine.host.run([fairlead, ...words], { env: { DOCKER_HOST: this.engine.daemon.address } });
  }

  /** Start `fairlead` in the host, for as long as it is looked at. */
  watch(...words: string[]): Watching {
    const { host, daemon } = this.engine;
    const child = host.start([fairlead, ...words], { env: { DOCKER_HOST: daemon.address } });
    const lines: string[] = [];
    let [rest, complaints] = ['', ''];
    let news = Promise.withResolvers<void>();
    child.stderr?.on('data', (piece: Buffer) => {
      complaints += piece;
    });
    child.stdout?.on('data', (piece: Buffer) => {
      const pieces = (rest + piece).split('\n');
      rest = pieces.pop() ?? '';
      lines.push(...pieces);
      news.resolve();
    });
    return {
      lines,
      complaints: () => complaints,
      async until(fits) {
        const alarm = AbortSignal.timeout(20_000);
        for (;;) {
          const line = lines.find(fits);
          if (line !== undefined) return line;
          if (alarm.aborted) throw new Error(`not seen within 20 s: ${complaints}${lines.join('\n')}`);
          news = Promise.withResolvers<void>();
          alarm.addEventListener('abort', () => news.resolve(), { once: true });
          await news.promise;
        }
      },
      [Symbol.dispose]() {
        for (const pid of childrenOf(child.pid ?? 0)) process.kill(pid);
      },
    };
  }

  /** Ask a container's web server from another one; `false` when that failed. */
  async fetch(from: string, url: string): Promise<boolean> {
    const command = ['exec', from, 'timeout', '3', 'wget', '-qO-', url];
    return (await this.engine.daemon.tryDocker(command)).code === 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
  }
}
