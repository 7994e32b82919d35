import type { SetSchema } from '../nftables/element-codec.ts';
import type { Change } from '../object/kernel-object.ts';
import type { TranscriptEntry } from './entry.ts';
import { reasonOf } from './reason.ts';
import { renderTranscript } from './transcript.ts';

/** Commands that belong together. */
export interface AccountGroup {
  readonly reason: string;
  /** What the kernel took for them. */
  readonly microseconds: number;
  readonly commands: readonly string[];
}

/** A transcript in groups, each with what it is for and what it cost. @throws Error as {@link renderTranscript}. */
export function renderAccount(entries: readonly TranscriptEntry[]): AccountGroup[] {
  const groups: { readonly reason: string; readonly entries: TranscriptEntry[] }[] = [];
  for (const entry of entries) {
    const last = groups.at(-1);
    const reason = reasonOf(entry) ?? last?.reason ?? 'the kernel’s state';
    if (last?.reason === reason) last.entries.push(entry);
    else groups.push({ reason, entries: [entry] });
  }
  return groups.map(({ reason, entries: members }) => ({
    reason,
    microseconds: members.reduce((sum, { microseconds }) => sum + microseconds, 0),
    commands: renderTranscript(members),
  }));
}

/** The changes that entries are witness to, each once, in the order in which they were made; not those that failed. */
export function changesMade(entries: readonly TranscriptEntry[]): Change[] {
  return [...new Set(entries.flatMap(({ errno, changes = [] }) => (errno === undefined ? changes : [])))];
}

/** The sets whose elements entries speak of: those that were there before, and those that came with a table. */
export function setsKnown(entries: readonly TranscriptEntry[]): SetSchema[] {
  const before = entries.flatMap((entry) => (entry.protocol === 'netfilter' ? entry.sets : []));
  const made = changesMade(entries).flatMap(({ object }) =>
    object.kind === 'table' ? object.definition.sets.map((set) => ({ table: object.definition, set })) : [],
  );
  return [...before, ...made];
}
