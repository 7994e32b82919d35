/**
 * What moves images: pull and push, load and save, import and commit. A door of its own, for it brings HTTP, TLS and archives with it, which a
 * daemon that is starting does not need yet.
 *
 * @module
 */
export { type BuildStep, isSameStep, type StepLayer, stepImageConfig, storeBuildStep } from './build-step.ts';
export { applyConfigChanges } from './config-change.ts';
export { inspectDistribution } from './distribution.ts';
export { commitImage } from './image-commit.ts';
export { importImage } from './image-import.ts';
export { loadImages } from './image-load.ts';
export { pullImage } from './image-pull.ts';
export { pushImages } from './image-push.ts';
export { saveImages } from './image-save.ts';
export { progressStream, type Report } from './progress.ts';
export { checkCredentials } from './registry-login.ts';
export {
  changeRunConfig,
  commandWords,
  type RunConfigChange,
  type RunConfigDraft,
  shellOf,
} from './run-config-change.ts';
export { storeImage } from './stored-image.ts';
export { listTags } from './tag-list.ts';
