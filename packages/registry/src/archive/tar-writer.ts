import { type TarAttributes, type TarEntryType, xattrKeyword } from './tar-entries.ts';
import { checksum, tarBlock } from './tar-header.ts';

/** A file as it is to stand in an archive. Texts are `latin1`: one character for each byte of a name or a value. */
export interface TarFile {
  /** Path; that of a directory ends with a slash. */
  readonly name: string;
  readonly type: Exclude<TarEntryType, 'other'>;
  readonly attributes: TarAttributes;
  /** Bytes of content that follow; 0 for all but files. */
  readonly size?: number;
  readonly linkName?: string;
  readonly xattrs?: ReadonlyMap<string, string>;
}

const flags: Readonly<Record<TarFile['type'], string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  'character-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
};

/** What ends an archive: two blocks of zeros. */
export const tarEnd: Uint8Array = new Uint8Array(2 * tarBlock);

/** The blocks that go before a file's content: a ustar header, and a pax one for what does not fit (POSIX.1-2001, pax). */
export function tarHeader(file: TarFile): Buffer {
  const records = paxRecords(file);
  const header = ustarHeader(file, flags[file.type]);
  if (records.length === 0) return header;
  const pax: TarFile = { ...file, name: paxName(file.name), linkName: '', size: records.length };
  return Buffer.concat([ustarHeader(pax, 'x'), records, tarPadding(records.length), header]);
}

/** What fills the last block of a content of `size` bytes. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((tarBlock - (size % tarBlock)) % tarBlock);
}

function ustarHeader({ name, linkName = '', size = 0, attributes }: TarFile, flag: string): Buffer {
  const block = Buffer.alloc(tarBlock);
  const [prefix, rest] = splitName(name) ?? ['', name.slice(0, 100)];
  block.write(rest, 0, 100, 'latin1');
  const numbers: [value: number, offset: number, length: number][] = [
    [attributes.mode & 0o7777, 100, 8],
    [attributes.uid, 108, 8],
    [attributes.gid, 116, 8],
    [size, 124, 12],
    [Math.floor(attributes.mtime), 136, 12],
    [attributes.major, 329, 8],
    [attributes.minor, 337, 8],
  ];
  for (const [value, offset, length] of numbers) if (fits(value, length)) writeOctal(block, value, offset, length);
  block.write(flag, 156, 'latin1');
  block.write(linkName.slice(0, 100), 157, 100, 'latin1');
  block.write('ustar\0', 257, 'latin1');
  block.write('00', 263, 'latin1');
  block.write(prefix, 345, 155, 'latin1');
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** One less than the field has: it ends with a zero byte. */
function fits(value: number, length: number): boolean {
  return value >= 0 && value < 8 ** (length - 1);
}

function writeOctal(block: Buffer, value: number, offset: number, length: number): void {
  block.write(value.toString(8).padStart(length - 1, '0'), offset, 'latin1');
}

/** A long name is cut at a slash into prefix and name; `undefined` when there is none where one would be needed. */
function splitName(name: string): readonly [prefix: string, rest: string] | undefined {
  if (name.length <= 100) return ['', name];
  // The slash that ends a directory's name does not count.
  const cut = name.slice(0, 156).lastIndexOf('/', name.length - 2);
  if (cut <= 0 || name.length - cut - 1 > 100) return undefined;
  return [name.slice(0, cut), name.slice(cut + 1)];
}

function paxRecords({ name, linkName = '', size = 0, attributes, xattrs }: TarFile): Buffer {
  const { uid, gid, mtime } = attributes;
  const records: [key: string, value: string][] = [];
  if (splitName(name) === undefined || !isAscii(name)) records.push(['path', name]);
  if (linkName.length > 100 || !isAscii(linkName)) records.push(['linkpath', linkName]);
  if (!fits(size, 12)) records.push(['size', String(size)]);
  if (!fits(uid, 8)) records.push(['uid', String(uid)]);
  if (!fits(gid, 8)) records.push(['gid', String(gid)]);
  if (!fits(Math.floor(mtime), 12)) records.push(['mtime', String(Math.floor(mtime))]);
  for (const [key, value] of xattrs ?? []) records.push([`${xattrKeyword}${key}`, value]);
  return Buffer.from(records.map(([key, value]) => paxRecord(key, value)).join(''), 'latin1');
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const body = ` ${key}=${value}\n`;
  let length = body.length + String(body.length).length;
  if (String(length).length + body.length !== length) length = String(length).length + body.length;
  return `${length}${body}`;
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

/** Seen only by those who know no pax. */
function paxName(name: string): string {
  return `PaxHeaders.0/${name.replace(/\/$/, '').split('/').at(-1)}`.slice(0, 100);
}
