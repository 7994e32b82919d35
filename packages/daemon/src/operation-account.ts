import type { OperationAccount } from '@fairlead/engine';
import type { TranscriptEntry } from '@fairlead/netlink';
import { changesMade, renderAccount, renderChanges, setsKnown } from '@fairlead/netlink/transcript';
import { undoOf } from '@fairlead/network/undo';

/** What was done to the kernel, what for, and the commands that undo it. */
export function accountOf(entries: readonly TranscriptEntry[]): OperationAccount {
  const undo = renderChanges(undoOf(changesMade(entries)), setsKnown(entries));
  return { groups: renderAccount(entries), undo: [...undo, ...withoutWayBack(entries)] };
}

/** What others have in their own tables, nobody can take back by what it was. */
function withoutWayBack(entries: readonly TranscriptEntry[]): string[] {
  return entries
    .filter(({ changes, protocol, errno }) => changes === undefined && protocol === 'netfilter' && errno === undefined)
    .filter(({ operation }) => operation !== 'forget connections')
    .map(({ operation }) => `# not undone: ${operation}`);
}
