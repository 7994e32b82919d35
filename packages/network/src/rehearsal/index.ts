/**
 * What an operation would do, without doing it: the model on a copy of its state, with a stage in the place of the
 * kernel. A door of its own, for only who asks for it loads it.
 *
 * @module
 */
export { type NetworkRehearsal, rehearseNetwork } from './rehearse.ts';
export type { Stage } from './staged-kernel.ts';
