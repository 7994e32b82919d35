/**
 * Durable state in SQLite: intent is written here before the kernel is touched.
 *
 * @module
 */
export { Collection, type Stored } from './collection.ts';
export { Store } from './store.ts';
