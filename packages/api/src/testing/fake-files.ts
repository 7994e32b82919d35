import { FairleadError } from '@fairlead/base';
import type { ExtractOptions, FileChange, FileService, PathStat } from '@fairlead/engine';

/** Files in memory, the same for all containers. An archive is its only file's content. */
export class FakeFiles implements FileService {
  readonly contents = new Map<string, string>([['/etc/hostname', 'fake\n']]);
  /** Of the last archive that was put. */
  lastOptions: ExtractOptions | undefined;

  async stat(reference: string, path: string): Promise<PathStat> {
    const size = this.#find(reference, path).length;
    return { name: path.split('/').at(-1) ?? '', size, mode: 0o100644, modified: 0n, linkTarget: '' };
  }

  async read(reference: string, path: string) {
    return { stat: await this.stat(reference, path), archive: pieces(this.#find(reference, path)) };
  }

  async extract(_: string, path: string, archive: AsyncIterable<Uint8Array>, options: ExtractOptions): Promise<void> {
    this.lastOptions = options;
    this.contents.set(path, Buffer.concat(await Array.fromAsync(archive)).toString());
  }

  async export(): Promise<AsyncIterable<Uint8Array>> {
    return pieces([...this.contents.values()].join(''));
  }

  async changes(): Promise<readonly FileChange[]> {
    return (['modified', 'added', 'deleted'] as const).map((kind) => ({ path: `/${kind}`, kind }));
  }

  #find(reference: string, path: string): string {
    const content = this.contents.get(path);
    if (content !== undefined) return content;
    throw new FairleadError('not-found', `Could not find the file ${path} in container ${reference}`);
  }
}

async function* pieces(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
