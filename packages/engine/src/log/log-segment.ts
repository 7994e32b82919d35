import { closeSync, fstatSync, openSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { hasSystemCode, lateModule } from '@fairlead/base';
import { rotatedFiles } from './log-files.ts';

const compression = lateModule(() => import('./log-compression.ts'));
const readDescriptor = promisify(read);

/** One file of a log, open: it is read to its end whatever becomes of its name. */
export class LogSegment implements Disposable {
  readonly #path: string;
  #compressed: boolean;
  #descriptor: number;
  #closed = false;

  private constructor(path: string, compressed: boolean) {
    this.#path = path;
    this.#compressed = compressed;
    this.#descriptor = openSync(path, 'r');
  }

  /** @returns `undefined` when there is no such file. @throws Error of the file system. */
  static tryOpen(path: string, compressed = false): LogSegment | undefined {
    try {
      return new LogSegment(path, compressed);
    } catch (error) {
      if (hasSystemCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** Milliseconds since the epoch of the last entry. */
  get modified(): number {
    return fstatSync(this.#descriptor).mtimeMs;
  }

  /** Bytes of entries by now; those of a compressed file once it was read from. */
  get size(): number {
    return fstatSync(this.#descriptor).size;
  }

  /** To be called before anything is read. */
  async expand(): Promise<void> {
    if (!this.#compressed) return;
    const { expandFile } = await compression();
    const expanded = await expandFile(this.#descriptor, this.#path);
    closeSync(this.#descriptor);
    this.#descriptor = expanded;
    this.#compressed = false;
  }

  /** As `FileHandle.read`. */
  async read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }> {
    return await readDescriptor(this.#descriptor, buffer, offset, length, position);
  }

  /** May be called more than once. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#descriptor);
  }
}

/**
 * Open all files of a log, oldest first, in one turn of the event loop: none is missing and none is there twice.
 *
 * @param since files whose last entry is older are left out (milliseconds since the epoch).
 */
export function openSegments(path: string, since = 0): LogSegment[] {
  const files = [...rotatedFiles(path), { path, compressed: false }];
  const segments = files.flatMap((file) => LogSegment.tryOpen(file.path, file.compressed) ?? []);
  return segments.filter((segment, index) => {
    const isWanted = index === segments.length - 1 || segment.modified >= since;
    if (!isWanted) segment[Symbol.dispose]();
    return isWanted;
  });
}

/**
 * Open a file of a log by its age: 0 is the one that grows, 1 the newest that does not. When it has gone already, the
 * oldest of the younger ones.
 */
export function openByAge(
  path: string,
  age: number,
): { readonly segment: LogSegment; readonly age: number } | undefined {
  for (let found = age; found >= 0; found--) {
    const name = found === 0 ? path : `${path}.${found}`;
    const segment = LogSegment.tryOpen(name) ?? LogSegment.tryOpen(`${name}.gz`, true);
    if (segment !== undefined) return { segment, age: found };
  }
  return undefined;
}
