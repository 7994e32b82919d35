/**
 * Compose files of version 3 as `docker stack` takes them: texts become values, variables are filled in, several files become
 * one. Nothing is opened; whoever calls says what files have in them.
 *
 * @module
 */
export type {
  ComposeAttachment,
  ComposeConfig,
  ComposeDeploy,
  ComposeFile,
  ComposeFileReference,
  ComposeMount,
  ComposeNetwork,
  ComposePort,
  ComposeService,
  ComposeUpdate,
  ComposeVolume,
} from './compose-config.ts';
export { loadCompose } from './compose-file.ts';
export { type OddProperties, oddProperties } from './properties.ts';
export type { Surroundings } from './service.ts';
export type { Environment } from './variables.ts';
export { type Dictionary, readYaml, writeYaml } from './yaml-text.ts';
