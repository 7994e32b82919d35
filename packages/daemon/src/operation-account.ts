import type { OperationAccount } from '@fairlead/engine';
import { decodeMessages, type TranscriptEntry } from '@fairlead/netlink';
import { changesMade, insertionUndo, renderAccount, renderChanges, setsKnown } from '@fairlead/netlink/transcript';
import { undoOf } from '@fairlead/network/undo';

/** What was done to the kernel, what for, and the commands that undo it. */
export function accountOf(entries: readonly TranscriptEntry[]): OperationAccount {
  const undo = renderChanges(undoOf(changesMade(entries)), setsKnown(entries));
  return { groups: renderAccount(entries), undo: [...undo, ...inTablesOfOthers(entries)] };
}

/** What is in tables of others is no change of an object: rules that were put there are found again by their comment. */
function inTablesOfOthers(entries: readonly TranscriptEntry[]): string[] {
  return entries.flatMap((entry) => {
    const { changes, protocol, errno, operation, namespace } = entry;
    if (changes !== undefined || protocol !== 'netfilter' || errno !== undefined) return [];
    if (operation === 'forget connections') return [];
    const inside = namespace === '' ? '' : `nsenter --net=/run/netns/${namespace} `;
    const undo = insertionUndo(decodeMessages(entry.bytes), inside);
    return undo.length > 0 ? undo : [`# not undone: ${operation}`];
  });
}
