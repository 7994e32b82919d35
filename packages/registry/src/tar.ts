/**
 * Tar archives as streams, ustar and pax: read and written without loss, names and extended attributes byte for byte.
 *
 * A door of its own: who packs files needs no registry.
 *
 * @module
 */
export { decompressed } from './archive/compression.ts';
export { type TarAttributes, type TarEntry, type TarEntryType, tarEntries } from './archive/tar-entries.ts';
export { invalid as invalidArchive } from './archive/tar-header.ts';
export { type TarFile, tarEnd, tarHeader, tarPadding } from './archive/tar-writer.ts';
