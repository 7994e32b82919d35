/**
 * What moves images: pull, load and import. A door of its own, for it brings HTTP, TLS and archives with it, which a
 * daemon that is starting does not need yet.
 *
 * @module
 */
export { applyConfigChanges } from './config-change.ts';
export { commitImage } from './image-commit.ts';
export { importImage } from './image-import.ts';
export { loadImages } from './image-load.ts';
export { pullImage } from './image-pull.ts';
export { distinctBlobs, saveImages } from './image-save.ts';
