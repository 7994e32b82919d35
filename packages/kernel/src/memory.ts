/**
 * Memory that a process does not need at rest, handed back. A door of its own, for processes that live long.
 *
 * @module
 */
export { handBackAtRest } from './memory/rest.ts';
