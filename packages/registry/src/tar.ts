/**
 * Tar archives as streams, ustar and pax: read and written without loss, names and extended attributes byte for byte.
 *
 * A door of its own: who packs files needs no registry.
 *
 * @module
 */
export { decompressed } from './compression.ts';
export { type TarAttributes, type TarEntry, type TarEntryType, tarEntries } from './tar-entries.ts';
export { invalid as invalidArchive } from './tar-header.ts';
export { type TarFile, tarEnd, tarHeader, tarPadding } from './tar-writer.ts';
