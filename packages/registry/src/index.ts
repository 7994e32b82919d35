/**
 * Images from outside: their names, what registries and archives say about them, and how they get into the store.
 *
 * @module
 */
export type { BuildStep, StepLayer } from './build-step.ts';
export type {
  BlobContent,
  ContentLabels,
  ContentStore,
  ImageTarget,
  Unpacker,
  UnpackRequest,
} from './content-store.ts';
export {
  chainIds,
  type Descriptor,
  type Digest,
  digestOf,
  emptyLayer,
  parseDigest,
  shortDigest,
  verificationError,
} from './digest.ts';
export type { DistributionInfo } from './distribution.ts';
export type { CommitRequest, RunSettings } from './image-commit.ts';
export {
  type HealthcheckConfig,
  type ImageConfig,
  type ImageHistoryEntry,
  type ImageRunConfig,
  parseImageConfig,
} from './image-config.ts';
export type { ImportRequest } from './image-import.ts';
export type { LoadedImage, LoadRequest } from './image-load.ts';
export type { PullRequest } from './image-pull.ts';
export type { ImageToPush } from './image-push.ts';
export {
  canonicalText,
  familiarName,
  familiarText,
  type ImageReference,
  parseImageReference,
  withDefaultTag,
} from './image-reference.ts';
export type { ImageToSave } from './image-save.ts';
export { chooseManifest, type ImageIndex, type ImageManifest, mediaTypes, parseManifest } from './manifest.ts';
export { hostPlatform, type Platform, parsePlatform, platformText } from './platform.ts';
export { type Progress, progressText, type Report } from './progress.ts';
export type { RegistryCredentials } from './registry-authorizer.ts';
export type { RegistrySettings } from './registry-endpoint.ts';
export type { RegistryClientOptions } from './remote-repository.ts';
export type { RunConfigChange, RunConfigDraft } from './run-config-change.ts';
export type { StoredImage } from './stored-image.ts';
