/**
 * What was sent to the kernel, as commands. A door of its own: only who wants to read a transcript loads it.
 *
 * @module
 */
export { insertionUndo } from './nftables/insertion-undo.ts';
export { type AccountGroup, changesMade, renderAccount, setsKnown } from './transcript/account.ts';
export { renderChanges } from './transcript/change-commands.ts';
export { NftTranscript, nftShellCommand } from './transcript/nft-text.ts';
export { renderTranscript } from './transcript/transcript.ts';
