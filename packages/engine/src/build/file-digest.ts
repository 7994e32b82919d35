import { createHash, type Hash } from 'node:crypto';

/** What of a file goes into its digest besides its content: nearly all of its tar header. */
export interface DigestHeader {
  /** As in the archive; a directory's ends with a slash. One character for each byte, as all texts here. */
  readonly name: string;
  /** With the type of the file, where the archive has it. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** The type flag of the header. */
  readonly flag: string;
  readonly linkName: string;
  readonly userName: string;
  readonly groupName: string;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: ReadonlyMap<string, string>;
}

/**
 * The beginning of a file's digest; its content is to follow (moby, pkg/tarsum version 1). Times do not count, so a fresh
 * checkout has the digests of the one before.
 */
export function beginFileDigest(header: DigestHeader): Hash {
  const fields: readonly (readonly [key: string, value: string | number])[] = [
    ['name', header.name],
    ['mode', header.mode],
    ['uid', header.uid],
    ['gid', header.gid],
    ['size', header.size],
    ['typeflag', header.flag],
    ['linkname', header.linkName],
    ['uname', header.userName],
    ['gname', header.groupName],
    ['devmajor', header.major],
    ['devminor', header.minor],
    ...[...header.xattrs].toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ];
  const hash = createHash('sha256');
  for (const [key, value] of fields) hash.update(`${key}${value}`, 'latin1');
  return hash;
}

/** One digest for several things, as the history shows it: `multi:...`, `dir:...`. */
export function joinedDigest(kind: 'dir' | 'multi', digests: readonly string[]): string {
  return `${kind}:${createHash('sha256').update(digests.join(',')).digest('hex')}`;
}
