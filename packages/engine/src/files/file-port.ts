/** What is known of a path in a container without opening it. */
export interface PathStat {
  /** Last part of the path as it was asked for. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Type and permissions as the kernel has them (inode(7)). */
  readonly mode: number;
  /** Nanoseconds since the epoch. */
  readonly modified: bigint;
  /** Where a symbolic link leads in the end, as a path of the container; '' for all else. */
  readonly linkTarget: string;
}

/** How an archive is put into a container. */
export interface ExtractOptions {
  /** Refuse to put a directory in the place of anything else, or anything else in the place of a directory. */
  readonly keepKinds: boolean;
  /** Everything belongs to the container's user, whoever the archive says. */
  readonly ownedByUser: boolean;
}

/** A file that a container has and its image has not, or the other way round. */
export interface FileChange {
  readonly path: string;
  readonly kind: 'modified' | 'added' | 'deleted';
}

/** Files of containers, whether they run or not. `reference` is a name, an id or the beginning of one. */
export interface FileService {
  /** @throws FairleadError `not-found` in Docker's words when there is no such path. */
  stat(reference: string, path: string): Promise<PathStat>;
  /** The path as a tar archive. It has to be read to its end or left: a stopped container cannot start before. */
  read(
    reference: string,
    path: string,
  ): Promise<{ readonly stat: PathStat; readonly archive: AsyncIterable<Uint8Array> }>;
  /** Unpack a tar archive in a directory. */
  extract(reference: string, path: string, archive: AsyncIterable<Uint8Array>, options: ExtractOptions): Promise<void>;
  /** The whole root file system as a tar archive, without what is mounted in it. */
  export(reference: string): Promise<AsyncIterable<Uint8Array>>;
  /** What the container has changed of its image's files, by path. */
  changes(reference: string): Promise<readonly FileChange[]>;
}
