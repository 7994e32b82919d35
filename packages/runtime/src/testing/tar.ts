/** An entry of a test archive. */
export type TarEntry = {
  readonly name: string;
  readonly content?: Uint8Array;
  /** Target of a symbolic link. */
  readonly link?: string;
  readonly directory?: boolean;
  readonly mode?: number;
};

const blockSize = 512;

/** A ustar archive (POSIX.1-1988, pax(1)), uncompressed. */
export function tarArchive(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = entry.content ?? new Uint8Array();
    const padding = (blockSize - (content.length % blockSize)) % blockSize;
    return [header(entry, content.length), content, Buffer.alloc(padding)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockSize)]);
}

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(blockSize);
  const octal = (value: number, offset: number, length: number): void => {
    block.write(value.toString(8).padStart(length - 1, '0'), offset);
  };
  block.write(entry.name, 0);
  octal(entry.mode ?? 0o755, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write(entry.link === undefined ? (entry.directory ? '5' : '0') : '2', 156);
  block.write(entry.link ?? '', 157);
  block.write('ustar\x0000', 257);
  // The checksum is taken with its own field full of spaces.
  block.fill(' ', 148, 156);
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return block;
}
