/**
 * What was done to the network, by us and by others. A door of its own: the daemon loads it once it has started.
 *
 * @module
 */

export { Journal } from './journal/journal.ts';
