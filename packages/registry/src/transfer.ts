/**
 * What moves images: pull and push, load and save, import and commit. A door of its own, for it brings HTTP, TLS and
 * archives with it, which a daemon that is starting does not need yet.
 *
 * @module
 */

export {
  changeRunConfig,
  commandWords,
  type RunConfigChange,
  type RunConfigDraft,
  shellOf,
} from './document/run-config-change.ts';
export { inspectDistribution } from './remote/distribution.ts';
export { type HttpResponse, HttpTransport } from './remote/http-transport.ts';
export { checkCredentials } from './remote/registry-login.ts';
export { listTags } from './remote/tag-list.ts';
export { type BuildStep, isSameStep, type StepLayer, storeBuildStep } from './transfer/build-step.ts';
export { commitImage } from './transfer/image-commit.ts';
export { importImage } from './transfer/image-import.ts';
export { loadImages } from './transfer/image-load.ts';
export { pullImage, pullStatus } from './transfer/image-pull.ts';
export { pushImages } from './transfer/image-push.ts';
export { saveImages } from './transfer/image-save.ts';
export { fetchPluginConfig, pullPlugin } from './transfer/plugin-pull.ts';
export { progressStream, type Report } from './transfer/progress.ts';
export { storeImage } from './transfer/stored-image.ts';
