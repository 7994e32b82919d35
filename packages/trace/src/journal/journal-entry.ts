/** Something that was done to the network, by us or by somebody else. */
export type JournalEntry = {
  /** Milliseconds since the epoch. */
  readonly time: number;
} & (OperationEntry | ForeignEntry | DaemonEntry);

/** Something that we were asked for, and that changed the kernel. */
export interface OperationEntry {
  readonly kind: 'operation';
  /** For `fairlead explain`, for as long as the daemon that did it runs and remembers it. */
  readonly operation?: string;
  /** `start web`. */
  readonly name: string;
  /** From its beginning to its end. */
  readonly milliseconds: number;
  /** Changes to the kernel. */
  readonly steps: number;
  /** Why it failed, where it did. */
  readonly failure?: string;
}

/** Something that another program changed. */
export interface ForeignEntry {
  readonly kind: 'foreign';
  readonly what: 'firewall' | 'interface' | 'route' | 'setting' | 'claim';
  /** `ip filter: 1 rule added to FORWARD`. */
  readonly name: string;
  /** What was added, as `nft list` prints it; not more than a few. */
  readonly details: readonly string[];
  /** Who did it, as far as the kernel tells; of one that has ended it may be the number alone. */
  readonly program?: string;
  readonly processId?: number;
  /** Who did it, where that is another machine: its hardware address. */
  readonly machine?: string;
  /** What that process was called with, where it could still be read. */
  readonly command?: string;
}

/** A daemon began or ended; what others did in between is not known. */
export interface DaemonEntry {
  readonly kind: 'daemon';
  readonly name: 'daemon started' | 'daemon stopped' | 'changes lost';
}

/** Which entries are asked for. */
export interface JournalFilter {
  readonly kinds?: readonly JournalEntry['kind'][];
  /** Milliseconds since the epoch. */
  readonly since?: number;
}

/** True when an entry is asked for. */
export function matchesJournalFilter({ kinds, since }: JournalFilter, entry: JournalEntry): boolean {
  return (kinds === undefined || kinds.includes(entry.kind)) && (since === undefined || entry.time >= since);
}
