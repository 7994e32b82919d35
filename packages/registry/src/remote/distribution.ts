import { FairleadError } from '@fairlead/base';
import type { Descriptor } from '../document/digest.ts';
import { parseImageConfig } from '../document/image-config.ts';
import { familiarText, type ImageReference, withDefaultTag } from '../document/image-reference.ts';
import { parseManifest } from '../document/manifest.ts';
import type { Platform } from '../document/platform.ts';
import { openImage, type RegistryClientOptions, type RemoteRepository } from './remote-repository.ts';

/** What a registry says of an image without sending it. */
export interface DistributionInfo {
  readonly descriptor: Descriptor;
  readonly platforms: readonly Platform[];
}

/** A config is small; what is larger is no config. */
const maximumConfig = 16 * 1024 * 1024;

/** Ask the registry about an image. @throws FairleadError in the registry's words. */
export async function inspectDistribution(
  reference: ImageReference,
  options: RegistryClientOptions,
): Promise<DistributionInfo> {
  const full = withDefaultTag(reference);
  const { repository, manifest } = await openImage(full, options);
  using _ = repository;
  const parsed = parseManifest(manifest.bytes, manifest.descriptor.mediaType, familiarText(full));
  const descriptor = { ...manifest.descriptor, mediaType: parsed.mediaType };
  if (parsed.kind === 'image') return { descriptor, platforms: [await platformOf(repository, parsed.config)] };
  return { descriptor, platforms: parsed.manifests.flatMap(({ platform }) => (platform ? [platform] : [])) };
}

async function platformOf(repository: RemoteRepository, config: Descriptor): Promise<Platform> {
  if (config.size > maximumConfig) throw new FairleadError('internal', 'image configuration is too large');
  const { os, architecture, variant } = parseImageConfig(await repository.read(config, maximumConfig));
  return { os, architecture, variant };
}
