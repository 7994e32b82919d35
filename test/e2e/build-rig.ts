import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Daemon, Host } from '@fairlead/lab';
import { startDockerd, startFairlead } from '../lab/peer.ts';

/** Files of a build's context by path; one that ends with a slash is a directory. */
export type ContextFiles = Readonly<Record<string, string | Buffer>>;

/** What a build has said. */
export interface BuildAnswer {
  readonly code: number;
  /** Standard output and error together, without what the client says of itself. */
  readonly text: string;
}

/** How a build is asked for. */
export interface BuildRequest {
  /** The docker command; default: the daemon's own. */
  readonly client?: string;
  readonly flags?: readonly string[];
  /** Given to the client's standard input, with `-` for the context. */
  readonly input?: string;
  /** The same for a Dockerfile of the files' folder: `-f -`. */
  readonly dockerfile?: string;
}

/** An engine that builds, with the image `busybox`, in a host of its own. */
export class BuildRig implements AsyncDisposable {
  readonly host: Host;
  readonly daemon: Daemon;
  readonly #parts: AsyncDisposableStack;

  private constructor(host: Host, daemon: Daemon, parts: AsyncDisposableStack) {
    this.host = host;
    this.daemon = daemon;
    this.#parts = parts;
  }

  static fairlead(): Promise<BuildRig> {
    return BuildRig.#start(startFairlead);
  }

  /** dockerd 20.10, which sets up no network. */
  static dockerd(): Promise<BuildRig> {
    return BuildRig.#start((host) => startDockerd(host, ['--iptables=false', '--bridge=none']));
  }

  static async #start(begin: (host: Host) => Promise<Daemon>): Promise<BuildRig> {
    await using parts = new AsyncDisposableStack();
    const host = parts.use(await Host.create());
    const daemon = parts.use(await begin(host));
    await daemon.loadBusybox();
    return new BuildRig(host, daemon, parts.move());
  }

  docker(...words: string[]): Promise<string> {
    return this.daemon.docker(...words);
  }

  /** A folder of the host with these files. */
  folder(files: ContextFiles): string {
    const folder = mkdtempSync(join(this.host.folder, 'context-'));
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true });
      if (!name.endsWith('/')) writeFileSync(path, content);
      // Whatever this process hands on, both engines see the same.
      chmodSync(path, name.endsWith('/') ? 0o755 : 0o644);
    }
    return folder;
  }

  /** Build with the classic builder. @param files of the context; a text is the Dockerfile alone. */
  async build(
    files: ContextFiles | string,
    { client, flags = [], input, dockerfile }: BuildRequest = {},
  ): Promise<BuildAnswer> {
    const folder = this.folder(typeof files === 'string' ? { Dockerfile: files } : files);
    const given = dockerfile ?? input;
    const places = dockerfile === undefined ? [input === undefined ? folder : '-'] : ['-f', '-', folder];
    const words = ['build', ...flags, ...places];
    const env = { DOCKER_BUILDKIT: '0', DOCKER_HOST: this.daemon.address, DOCKER_CONFIG: this.host.folder };
    const options = { env, ...(given !== undefined && { input: given }) };
    const { code, stdout, stderr } = await (client === undefined
      ? this.daemon.tryDocker(words, options)
      : this.host.run([client, ...words], options));
    return { code, text: withoutClient(`${stdout}${stderr}`) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts[Symbol.asyncDispose]();
  }
}

/** What is different each time: ids, in both lengths. */
export function withoutIds(text: string): string {
  return text.replace(/\b[0-9a-f]{64}\b/g, 'ID').replace(/\b[0-9a-f]{12}\b/g, 'ID');
}

function withoutClient(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^(DEPRECATED: |Sending build context| {8})/.test(line))
    .join('\n')
    .trim();
}
