import { ByteSource } from './byte-source.ts';
import {
  invalid,
  parsePaxRecords,
  parseTarHeader,
  type TarHeader,
  type TextEncoding,
  tarBlock,
  text,
} from './tar-header.ts';

/** What an entry makes. */
export type TarEntryType =
  | 'file'
  | 'link'
  | 'symlink'
  | 'character-device'
  | 'block-device'
  | 'directory'
  | 'fifo'
  | 'other';

/** What a header says of a file besides its name and content. */
export type TarAttributes = Pick<TarHeader, 'mode' | 'uid' | 'gid' | 'mtime' | 'major' | 'minor'>;

/** Pax keyword of extended attributes, as star, GNU tar and Go write them. */
export const xattrKeyword = 'SCHILY.xattr.';

/** One file of an archive. Its content has to be read before the next entry is asked for; what is not is skipped. */
export interface TarEntry {
  /** Path without leading `./` or `/`. */
  readonly name: string;
  readonly type: TarEntryType;
  /** Owner, permissions, time and device numbers, pax records gone before the header. */
  readonly attributes: TarAttributes;
  /** Extended attributes by name; in the encoding of the names. */
  readonly xattrs: ReadonlyMap<string, string>;
  /** Bytes. */
  readonly size: number;
  /** What a link points to, as it is written. */
  readonly linkName: string;
  readonly content: AsyncIterable<Uint8Array>;
  /** What the archive itself says: digests of files go by it. */
  readonly written: Pick<TarHeader, 'name' | 'wholeMode' | 'flag'>;
}

const types: Readonly<Record<string, TarEntryType>> = {
  0: 'file',
  1: 'link',
  2: 'symlink',
  3: 'character-device',
  4: 'block-device',
  5: 'directory',
  6: 'fifo',
  7: 'file',
};

/** Bytes of the extended headers of one entry. They hold names and attributes; larger ones are an attack. */
const maximumExtension = 1024 * 1024;

/**
 * Read a tar archive as it arrives: ustar, pax and GNU.
 *
 * Pulled, not pushed: nothing is read before it is asked for, so a slow store slows the sender.
 *
 * @throws FairleadError `invalid-argument` when it is no tar archive or ends too early.
 */
export async function* tarEntries(
  archive: AsyncIterable<Uint8Array>,
  encoding: TextEncoding = 'utf8',
): AsyncGenerator<TarEntry> {
  await using source = new ByteSource(archive);
  let extension = new Map<string, string>();
  let extended = 0;
  for (let header = await nextHeader(source, encoding); header; header = await nextHeader(source, encoding)) {
    if ('xLKg'.includes(header.flag)) {
      extended += header.size;
      if (extended > maximumExtension) throw invalid('extended header is too large');
      extension = new Map([...extension, ...(await readExtension(source, header, encoding))]);
      continue;
    }
    const content = new EntryContent(source, sizeOf(header, extension));
    yield toEntry(header, extension, content);
    await content.skip();
    extension = new Map();
    extended = 0;
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

  /**
   * Pass over what was not read, and over the padding. The docker command leaves out both padding and end where it puts a
   * Dockerfile from its standard input into a context, and Go's reader takes that.
   */
  async skip(): Promise<void> {
    const padding = (tarBlock - (this.size % tarBlock)) % tarBlock;
    const passed = await this.#source.skip(this.#missing + padding);
    if (passed !== this.#missing && passed !== this.#missing + padding) throw invalid('unexpected EOF');
    this.#missing = 0;
  }
}

async function nextHeader(source: ByteSource, encoding: TextEncoding): Promise<TarHeader | undefined> {
  const block = await source.read(tarBlock);
  // Some tools leave out the blocks of zeros at the end.
  if (block.length === 0) return undefined;
  if (block.length < tarBlock) throw invalid('unexpected EOF');
  return parseTarHeader(block, encoding);
}

/** Names and sizes that do not fit into a header, by their pax names. */
async function readExtension(
  source: ByteSource,
  { flag, size }: TarHeader,
  encoding: TextEncoding,
): Promise<ReadonlyMap<string, string>> {
  const content = (await source.read(Math.ceil(size / tarBlock) * tarBlock)).subarray(0, size);
  if (content.length < size) throw invalid('unexpected EOF');
  switch (flag) {
    case 'L':
      return new Map([['path', text(content, 0, size, encoding)]]);
    case 'K':
      return new Map([['linkpath', text(content, 0, size, encoding)]]);
    case 'x':
      return parsePaxRecords(content, encoding);
    default:
      // Global records: nobody puts paths or sizes there, and nothing else is looked at.
      return new Map();
  }
}

/** Sizes from 8 GiB on do not fit into a header. */
function sizeOf({ size }: TarHeader, extension: ReadonlyMap<string, string>): number {
  const text = extension.get('size');
  if (text === undefined) return size;
  if (!/^\d{1,15}$/.test(text)) throw invalid('wrong size');
  return Number(text);
}

function toEntry(header: TarHeader, extension: ReadonlyMap<string, string>, content: EntryContent): TarEntry {
  const name = (extension.get('path') ?? header.name).replace(/^(\.?\/)+/, '');
  const linkName = extension.get('linkpath') ?? header.linkName;
  // Before ustar a directory was a file with a slash at its end.
  const type = header.flag === '0' && name.endsWith('/') ? 'directory' : (types[header.flag] ?? 'other');
  const attributes = attributesOf(header, extension);
  const written = {
    name: extension.get('path') ?? header.name,
    wholeMode: header.wholeMode,
    flag: type === 'directory' ? '5' : header.flag,
  };
  return { name, type, size: content.size, linkName, content, attributes, xattrs: xattrsOf(extension), written };
}

function attributesOf(
  { mode, uid, gid, mtime, major, minor }: TarHeader,
  extension: ReadonlyMap<string, string>,
): TarAttributes {
  const number = (key: string, otherwise: number): number => {
    const value = Number(extension.get(key) ?? otherwise);
    return Number.isFinite(value) ? value : otherwise;
  };
  return { mode, uid: number('uid', uid), gid: number('gid', gid), mtime: number('mtime', mtime), major, minor };
}

function xattrsOf(extension: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const found = [...extension].filter(([key]) => key.startsWith(xattrKeyword));
  return new Map(found.map(([key, value]) => [key.slice(xattrKeyword.length), value]));
}
