import { closeSync, constants, createWriteStream, mkdirSync, openSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FairleadError } from '@fairlead/base';
import type { ProxySettings, Report } from '@fairlead/registry';
import type { HttpResponse } from '@fairlead/registry/transfer';
import { bytePath, type FileCalls, O_PATH } from '../files/file-calls.ts';
import { parseGoUrl } from '../files/go-url.ts';
import { requestUrl } from '../files/url-request.ts';
import { type CopyItem, ImageFiles } from './copy-source.ts';

/** What downloads work with. */
export interface DownloadParts {
  /** Does not exist yet; each file gets a directory of its own in it. */
  readonly folder: string;
  readonly calls: FileCalls;
  readonly report: Report;
  readonly signal: AbortSignal;
  readonly proxies?: ProxySettings | undefined;
}

/** What a file is called that nobody has named. */
const unnamed = '__unnamed__';

/** Milliseconds between two reports, as Docker has them. */
const reportInterval = 100;

/** Files that `ADD` takes from a URL; they go when this is disposed of. */
export class Downloads implements Disposable {
  readonly #parts: DownloadParts;
  readonly #held = new DisposableStack();
  #count = 0;

  constructor(parts: DownloadParts) {
    this.#parts = parts;
  }

  /**
   * Fetch one file (moby, builder/dockerfile downloadSource).
   *
   * @param destination a directory needs the file to have a name.
   * @throws FairleadError in Docker's words.
   */
  async fetch(url: string, destination: string): Promise<CopyItem> {
    const { calls, folder, report } = this.#parts;
    const response = await requestUrl(url, this.#parts);
    const name = nameOf(url, response);
    const directory = join(folder, `${this.#count++}`);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    await this.#save(response, join(directory, name || unnamed));
    report({ stream: '\n' });
    if (name === '' && destination.endsWith('/')) {
      throw new FairleadError('invalid-argument', `cannot determine filename for source ${url}`);
    }
    const descriptor = this.#held.adopt(openSync(directory, O_PATH | constants.O_DIRECTORY), closeSync);
    const source = new ImageFiles({ descriptor, calls });
    const path = bytePath(name || unnamed);
    return { source, path, realPath: path, isDirectory: false, digest: await source.digest(path), isWhole: true };
  }

  [Symbol.dispose](): void {
    this.#held.dispose();
    rmSync(this.#parts.folder, { recursive: true, force: true });
  }

  async #save(response: HttpResponse, path: string): Promise<void> {
    const total = Number(response.headers['content-length'] ?? 0);
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    await pipeline(this.#reported(response, total), file, { signal: this.#parts.signal });
    const modified = Date.parse(response.headers['last-modified'] ?? '') / 1000 || 0;
    utimesSync(path, modified, modified);
  }

  async *#reported(response: HttpResponse, total: number): AsyncGenerator<Uint8Array> {
    let current = 0;
    let next = 0;
    for await (const piece of response) {
      current += piece.length;
      yield piece;
      const now = performance.now();
      if (now < next && current !== total) continue;
      this.#parts.report({ status: 'Downloading', id: '', current, ...(total > 0 && { total }) });
      next = now + reportInterval;
    }
  }
}

/** The last part of the URL's path, else what the server calls it; '' when neither says. */
function nameOf(url: string, response: HttpResponse): string {
  const last = parseGoUrl(url).path.split('/').at(-1) ?? '';
  if (isName(last)) return last;
  const disposition = response.headers['content-disposition'] ?? '';
  const [, quoted, plain = ''] = /;\s*filename=(?:"([^"]*)"|([^;\s]*))/i.exec(disposition) ?? [];
  const named = (quoted ?? plain).split('/').at(-1) ?? '';
  return isName(named) ? named : '';
}

function isName(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..' && !/[/\0]/.test(text);
}
