/**
 * Images from outside: their names, what registries and archives say about them, and how they get into the store.
 *
 * @module
 */

export {
  chainIds,
  type Descriptor,
  type Digest,
  digestOf,
  emptyLayer,
  parseDigest,
  shortDigest,
  verificationError,
} from './document/digest.ts';
export {
  type HealthcheckConfig,
  type ImageConfig,
  type ImageHistoryEntry,
  type ImageRunConfig,
  parseImageConfig,
} from './document/image-config.ts';
export {
  canonicalText,
  familiarName,
  familiarText,
  type ImageReference,
  parseImageReference,
  withDefaultTag,
} from './document/image-reference.ts';
export { chooseManifest, type ImageIndex, type ImageManifest, mediaTypes, parseManifest } from './document/manifest.ts';
export { hostPlatform, type Platform, parsePlatform } from './document/platform.ts';
export type { RunConfigChange, RunConfigDraft } from './document/run-config-change.ts';
export type { DistributionInfo } from './remote/distribution.ts';
export { environmentProxies, type ProxySettings, withoutSecrets } from './remote/proxy.ts';
export type { RegistryCredentials } from './remote/registry-authorizer.ts';
export type { RegistrySettings } from './remote/registry-endpoint.ts';
export type { RegistryClientOptions } from './remote/remote-repository.ts';
export type { BuildStep, StepLayer } from './transfer/build-step.ts';
export type {
  BlobContent,
  ContentLabels,
  ContentStore,
  ImageTarget,
  Unpacker,
  UnpackRequest,
} from './transfer/content-store.ts';
export type { CommitRequest, RunSettings } from './transfer/image-commit.ts';
export type { ImportRequest } from './transfer/image-import.ts';
export type { LoadedImage, LoadRequest } from './transfer/image-load.ts';
export type { PullRequest } from './transfer/image-pull.ts';
export type { ImageToPush } from './transfer/image-push.ts';
export type { ImageToSave } from './transfer/image-save.ts';
export type { PluginPullRequest, PulledPlugin } from './transfer/plugin-pull.ts';
export type { Progress, Report } from './transfer/progress.ts';
export type { StoredImage } from './transfer/stored-image.ts';
