import { lateModule } from '@fairlead/base';
import {
  type Descriptor,
  familiarName,
  mediaTypes,
  parseImageReference,
  type RegistrySettings,
  withDefaultTag,
} from '@fairlead/registry';
import type { Progress } from '../progress-port.ts';
import type { PluginBlobs } from './plugin-blobs.ts';
import type { Plugin } from './plugin-model.ts';
import type { RemotePlugin } from './plugin-port.ts';

const transfer = lateModule(() => import('@fairlead/registry/transfer'));

/** Send a plugin to the registry that its name says. Yields Docker's progress lines. */
export async function* pushPlugin(
  { name, content }: Plugin,
  { blobs, registry }: { readonly blobs: PluginBlobs; readonly registry: RegistrySettings },
  { auth: credentials, signal }: Omit<RemotePlugin, 'remote'>,
): AsyncGenerator<Progress, void> {
  const reference = withDefaultTag(parseImageReference(name));
  yield { status: `The push refers to repository [${familiarName(reference)}]` };
  const described = (mediaType: string, digest: Descriptor['digest']) => ({
    ...{ mediaType, digest, size: blobs.size(digest) },
  });
  const manifest = {
    descriptor: described(mediaTypes.dockerManifest, content.manifest),
    bytes: await blobs.read(content.manifest),
  };
  const layers = content.layers.map((digest) => ({
    descriptor: described(`${mediaTypes.dockerLayer}.gzip`, digest),
    diffId: digest,
  }));
  const config = described(mediaTypes.dockerPlugin, content.config);
  const { pushImages } = await transfer();
  yield* pushImages({
    ...{ ...registry, reference, credentials, signal, holds: 'plugin' },
    images: [{ tag: reference.tag ?? 'latest', manifest, config, layers }],
    read: (digest) => (offset) => blobs.stream(digest, offset),
    sourceOf: () => undefined,
  });
}
