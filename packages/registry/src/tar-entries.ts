import { ByteSource } from './byte-source.ts';
import { invalid, parsePaxRecords, parseTarHeader, type TarHeader, tarBlock, text } from './tar-header.ts';

/** One file of an archive. Its content has to be read before the next entry is asked for; what is not is skipped. */
export interface TarEntry {
  /** Path without leading `./` or `/`. */
  readonly name: string;
  readonly type: 'file' | 'link' | 'symlink' | 'other';
  /** Bytes. */
  readonly size: number;
  /** What a link points to, as it is written. */
  readonly linkName: string;
  readonly content: AsyncIterable<Uint8Array>;
}

const types: Readonly<Record<string, TarEntry['type']>> = { 0: 'file', 7: 'file', 1: 'link', 2: 'symlink' };

/** Extended headers hold names and attributes; a larger one is an attack. */
const maximumExtension = 1024 * 1024;

/**
 * Read a tar archive as it arrives: ustar, pax and GNU.
 *
 * Pulled, not pushed: nothing is read before it is asked for, so a slow store slows the sender.
 *
 * @throws FairleadError `invalid-argument` when it is no tar archive or ends too early.
 */
export async function* tarEntries(archive: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  await using source = new ByteSource(archive);
  let extension = new Map<string, string>();
  for (let header = await nextHeader(source); header !== undefined; header = await nextHeader(source)) {
    if ('xLKg'.includes(header.flag)) {
      extension = new Map([...extension, ...(await readExtension(source, header))]);
      continue;
    }
    const content = new EntryContent(source, Number(extension.get('size') ?? header.size));
    yield toEntry(header, extension, content);
    await content.skip();
    extension = new Map();
  }
}

/** Content of one entry together with what fills its last block. */
class EntryContent implements AsyncIterable<Uint8Array> {
  readonly size: number;
  readonly #source: ByteSource;
  #missing: number;

  constructor(source: ByteSource, size: number) {
    this.#source = source;
    this.size = size;
    this.#missing = size;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const piece of this.#source.take(this.#missing)) {
      this.#missing -= piece.length;
      yield piece;
    }
    if (this.#missing > 0) throw invalid('unexpected EOF');
  }

  /** Pass over what was not read, and over the padding. */
  async skip(): Promise<void> {
    const padding = (tarBlock - (this.size % tarBlock)) % tarBlock;
    const wanted = this.#missing + padding;
    if ((await this.#source.skip(wanted)) < wanted) throw invalid('unexpected EOF');
    this.#missing = 0;
  }
}

async function nextHeader(source: ByteSource): Promise<TarHeader | undefined> {
  const block = await source.read(tarBlock);
  // Some tools leave out the blocks of zeros at the end.
  if (block.length === 0) return undefined;
  if (block.length < tarBlock) throw invalid('unexpected EOF');
  return parseTarHeader(block);
}

/** Names and sizes that do not fit into a header, by their pax names. */
async function readExtension(source: ByteSource, { flag, size }: TarHeader): Promise<ReadonlyMap<string, string>> {
  if (size > maximumExtension) throw invalid('extended header is too large');
  const content = (await source.read(Math.ceil(size / tarBlock) * tarBlock)).subarray(0, size);
  if (content.length < size) throw invalid('unexpected EOF');
  switch (flag) {
    case 'L':
      return new Map([['path', text(content, 0, size)]]);
    case 'K':
      return new Map([['linkpath', text(content, 0, size)]]);
    case 'x':
      return parsePaxRecords(content);
    default:
      // Global records: nobody puts paths or sizes there, and nothing else is looked at.
      return new Map();
  }
}

function toEntry(header: TarHeader, extension: ReadonlyMap<string, string>, content: EntryContent): TarEntry {
  const name = (extension.get('path') ?? header.name).replace(/^(\.?\/)+/, '');
  const linkName = extension.get('linkpath') ?? header.linkName;
  return { name, type: types[header.flag] ?? 'other', size: content.size, linkName, content };
}
