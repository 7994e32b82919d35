import { FairleadError } from '@fairlead/base';

/** Archives come in blocks of this many bytes. */
export const tarBlock = 512;

/** How names are read: `latin1` keeps every byte of a name that is no UTF-8, one character each. */
export type TextEncoding = 'utf8' | 'latin1';

/** What a header block says (POSIX.1-1988 ustar, with GNU's large numbers). */
export interface TarHeader {
  readonly name: string;
  readonly linkName: string;
  /** Bytes of content that follow. */
  readonly size: number;
  /** Permissions with set-user-id, set-group-id and sticky bit. */
  readonly mode: number;
  /** The same with whatever else the writer has put there, such as the type of the file. */
  readonly wholeMode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  /** Numbers of a device. */
  readonly major: number;
  readonly minor: number;
  /** The type flag: `0` a file, `2` a symbolic link, `x` extended attributes of the next entry. */
  readonly flag: string;
}

/**
 * Read a header block; `undefined` for the block of zeros that ends an archive.
 *
 * @throws FairleadError `invalid-argument` when the checksum or the size is wrong.
 */
export function parseTarHeader(block: Uint8Array, encoding: TextEncoding = 'utf8'): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (number(block, 148, 8) !== checksum(block)) throw invalid('wrong checksum');
  const size = number(block, 124, 12);
  if (!Number.isSafeInteger(size) || size < 0) throw invalid('wrong size');
  // GNU's own kind writes its magic with a blank, and other things where the prefix stands.
  const prefix = text(block, 257, 6) === 'ustar' ? text(block, 345, 155, encoding) : '';
  const name = text(block, 0, 100, encoding);
  const flag = String.fromCharCode(block[156] || 0x30);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: text(block, 157, 100, encoding),
    size,
    mode: (number(block, 100, 8) || 0) & 0o7777,
    wholeMode: number(block, 100, 8) || 0,
    uid: number(block, 108, 8) || 0,
    gid: number(block, 116, 8) || 0,
    mtime: number(block, 136, 12) || 0,
    major: number(block, 329, 8) || 0,
    minor: number(block, 337, 8) || 0,
    flag,
  };
}

/**
 * Records of a pax header: `LENGTH KEY=VALUE\n`, where the length counts itself (POSIX.1-2001, pax).
 *
 * @throws FairleadError `invalid-argument` for what is none, and for a record that does not end where it says.
 */
export function parsePaxRecords(content: Uint8Array, encoding: TextEncoding = 'utf8'): Map<string, string> {
  const records = new Map<string, string>();
  for (let offset = 0; offset < content.length; ) {
    const length = Number.parseInt(text(content, offset, 20), 10);
    // Values may hold zero bytes, as those of extended attributes do.
    const record = Buffer.from(content.subarray(offset, offset + length)).toString(encoding);
    const [, key, value = ''] = /^\d+ ([^=]+)=([\s\S]*)\n$/.exec(record) ?? [];
    if (key === undefined || offset + length > content.length) throw invalid('wrong pax header');
    records.set(key, value);
    offset += length;
  }
  return records;
}

/** Text up to the first zero byte or the end of its field. */
export function text(block: Uint8Array, offset: number, length: number, encoding: TextEncoding = 'utf8'): string {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString(encoding);
}

/** An error about the archive as such. */
export function invalid(problem: string): FairleadError {
  return new FairleadError('invalid-argument', `invalid tar archive: ${problem}`);
}

/** Octal digits, or with the first bit set a big-endian integer. */
function number(block: Uint8Array, offset: number, length: number): number {
  const first = block[offset] ?? 0;
  if ((first & 0x80) === 0) return Number.parseInt(text(block, offset, length).trim() || '0', 8);
  const bytes = block.subarray(offset + 1, offset + length);
  return bytes.reduce((value, byte) => value * 256 + byte, first & 0x7f);
}

/** The sum of all bytes, those of the checksum itself counted as spaces. */
export function checksum(block: Uint8Array): number {
  return block.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 0x20 : byte), 0);
}
