import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, type Host, refusalOf } from '@fairlead/lab';
import { EngineHost } from './engine-host.ts';

/** An engine in a host of its own, with the image `seeded` whose `/data` is a volume with content. */
export class VolumeRig implements AsyncDisposable {
  readonly host: Host;
  readonly daemon: Daemon;
  readonly #engine: EngineHost;

  private constructor(engine: EngineHost) {
    this.#engine = engine;
    this.host = engine.host;
    this.daemon = engine.daemon;
  }

  static async start(): Promise<VolumeRig> {
    await using parts = new AsyncDisposableStack();
    const engine = parts.use(await EngineHost.start());
    const root = join(engine.host.folder, 'seeded');
    makeRoot(root);
    await engine.host.exec('tar', '-C', root, '-cf', `${root}.tar`, '.');
    await engine.daemon.docker('import', '-c', 'VOLUME /data', '-c', 'CMD ["sh"]', `${root}.tar`, 'seeded');
    parts.move();
    return new VolumeRig(engine);
  }

  /** What the docker command prints, without the last line break. */
  async docker(...words: string[]): Promise<string> {
    return (await this.daemon.docker(...words)).trimEnd();
  }

  /** What it complains about; it must fail. */
  async refusal(...words: string[]): Promise<string> {
    const ended = await this.daemon.tryDocker(words);
    if (ended.code === 0) throw new Error(`docker ${words.join(' ')} did not fail`);
    return refusalOf(ended);
  }

  /** Run a shell in a container of the image `busybox` that goes when it ends. */
  shell(options: readonly string[], script: string): Promise<string> {
    return this.docker('run', '--rm', ...options, 'busybox', 'sh', '-c', script);
  }

  /** Directory of all volumes. */
  get root(): string {
    return join(this.host.folder, 'data/volumes');
  }

  /** Directories below {@link root}. */
  directories(): string[] {
    return readdirSync(this.root).sort();
  }

  /** What is mounted by volumes in the host: their options, and views of images. */
  async mounts(): Promise<string[]> {
    const table = await this.host.exec('cat', '/proc/self/mountinfo');
    const points = table.split('\n').map((line) => line.split(' ')[4] ?? '');
    return points.filter((point) => point.startsWith(this.root) || point.startsWith('/run/fairlead/view'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine[Symbol.asyncDispose]();
  }
}

/** Files in the image's `/data/deep`: copying them takes a while. */
export const deepFiles = 500;

/** A root file system whose links try to lead out of it. */
function makeRoot(root: string): void {
  for (const path of ['bin', 'data/deep', 'empty', 'tmp', 'proc', 'sys', 'dev', 'etc']) {
    mkdirSync(join(root, path), { recursive: true });
  }
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const applet of ['sh', 'cat', 'ls', 'stat', 'sleep', 'true', 'touch', 'find', 'echo', 'readlink']) {
    symlinkSync('busybox', join(root, 'bin', applet));
  }
  writeFileSync(join(root, 'data/file'), 'from the image\n');
  writeFileSync(join(root, 'data/deep/other'), 'deep\n');
  for (let count = 1; count < deepFiles; count++) writeFileSync(join(root, `data/deep/${count}`), '');
  symlinkSync('/etc/hostname', join(root, 'data/link'));
  // Followed on the host, these would be directories of the host.
  symlinkSync('/root', join(root, 'outside'));
  symlinkSync('../../../../../../root', join(root, 'climbing'));
  symlinkSync('data/deep', join(root, 'inside'));
  chownSync(join(root, 'data/file'), 1234, 5678);
  chmodSync(join(root, 'data/file'), 0o640);
  chownSync(join(root, 'data'), 100, 101);
  chmodSync(join(root, 'data'), 0o2770);
  chownSync(join(root, 'empty'), 7, 8);
  chmodSync(join(root, 'empty'), 0o1777);
}
