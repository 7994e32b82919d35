import { FairleadError } from '@fairlead/base';

/** Archives come in blocks of this many bytes. */
export const tarBlock = 512;

/** What a header block says (POSIX.1-1988 ustar, with GNU's large numbers). */
export interface TarHeader {
  readonly name: string;
  readonly linkName: string;
  /** Bytes of content that follow. */
  readonly size: number;
  /** The type flag: `0` a file, `2` a symbolic link, `x` extended attributes of the next entry. */
  readonly flag: string;
}

/**
 * Read a header block; `undefined` for the block of zeros that ends an archive.
 *
 * @throws FairleadError `invalid-argument` when the checksum or the size is wrong.
 */
export function parseTarHeader(block: Uint8Array): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (number(block, 148, 8) !== checksum(block)) throw invalid('wrong checksum');
  const size = number(block, 124, 12);
  if (!Number.isSafeInteger(size) || size < 0) throw invalid('wrong size');
  const prefix = text(block, 257, 6) === 'ustar' ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  const flag = String.fromCharCode(block[156] || 0x30);
  return { name: prefix === '' ? name : `${prefix}/${name}`, linkName: text(block, 157, 100), size, flag };
}

/** Records of a pax header: `LENGTH KEY=VALUE\n`, where the length counts itself (POSIX.1-2001, pax). */
export function parsePaxRecords(content: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  for (let offset = 0; offset < content.length; ) {
    const length = Number.parseInt(text(content, offset, 20), 10);
    const record = text(content, offset, length - 1);
    const [, key, value = ''] = /^\d+ ([^=]+)=([\s\S]*)$/.exec(record) ?? [];
    if (key === undefined) throw invalid('wrong pax header');
    records.set(key, value);
    offset += length;
  }
  return records;
}

/** Text up to the first zero byte or the end of its field. */
export function text(block: Uint8Array, offset: number, length: number): string {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString('utf8');
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
function checksum(block: Uint8Array): number {
  return block.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 0x20 : byte), 0);
}
