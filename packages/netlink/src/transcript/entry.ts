import type { IdentityMapping } from '@fairlead/base';
import type { ErrnoName } from '../errno.ts';
import type { SetSchema } from '../nftables/element-codec.ts';
import type { Change, NamespaceName } from '../object/kernel-object.ts';

/** What every effect on the kernel has. */
interface EffectEntry {
  readonly namespace: NamespaceName;
  /** In words: `add link fl-web`. */
  readonly operation: string;
  /** How long the kernel took. */
  readonly microseconds: number;
  /** Set when the kernel refused. */
  readonly errno?: ErrnoName;
  /** What it was sent for, where that is changes of objects: with them it can be undone. */
  readonly changes?: readonly Change[];
}

/** Messages that went to NETLINK_ROUTE. */
export interface RouteEntry extends EffectEntry {
  readonly protocol: 'route';
  readonly bytes: Uint8Array;
  /** What the indexes in the messages stood for when they were sent. */
  readonly links: ReadonlyMap<number, string>;
  /** What the namespace descriptors in the messages stood for. */
  readonly descriptors: ReadonlyMap<number, NamespaceName>;
}

/** One batch that went to NETLINK_NETFILTER. */
export interface NetfilterEntry extends EffectEntry {
  readonly protocol: 'netfilter';
  readonly bytes: Uint8Array;
  /** The sets whose elements are in the batch but which were made before it: without them elements are mere bytes. */
  readonly sets: readonly SetSchema[];
}

/** A value written under `/proc/sys`. */
export interface SysctlEntry extends EffectEntry {
  readonly protocol: 'sysctl';
  readonly key: string;
  readonly value: string;
}

/** A namespace pinned or unpinned. */
export interface NamespaceEntry extends EffectEntry {
  readonly protocol: 'namespace';
  readonly action: 'add' | 'remove';
  /** Users and groups of the user namespace that was made for it. */
  readonly owner?: IdentityMapping;
}

/** One recorded effect on the kernel. */
export type TranscriptEntry = RouteEntry | NetfilterEntry | SysctlEntry | NamespaceEntry;
