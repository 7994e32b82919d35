import { codeOf } from '@fairlead/base';
import type { Connection } from '../connection/connection.ts';
import { authHeader } from '../image/registry-credentials.ts';
import type { ServiceSpec } from './wire.ts';

/** What a registry says of an image. */
interface Distribution {
  readonly Descriptor: { readonly digest: string };
  readonly Platforms?: readonly { readonly architecture?: string; readonly os?: string }[] | null;
}

/** A service whose image is said by its digest, so that all its tasks run the same. */
export interface PinnedService {
  readonly spec: ServiceSpec;
  /** What is said when no registry could be asked. */
  readonly warning?: string;
}

/**
 * Ask the image's registry which image that is now, and for which platforms there is one (moby/client,
 * service_create.go).
 *
 * @param asks false when the image shall be taken by its name.
 */
export async function pinImage(engine: Connection, spec: ServiceSpec, asks: boolean): Promise<PinnedService> {
  const image = withTag(spec.TaskTemplate.ContainerSpec?.Image ?? '');
  if (!asks) return { spec: withImage(spec, image) };
  try {
    const { Descriptor, Platforms } = await engine.ask<Distribution>('GET', `/distribution/${image}/json`, {
      headers: authHeader(image),
    });
    const platforms = (Platforms ?? []).map(({ architecture = '', os = '' }) => ({
      // Which ARM it is says a field that services do not have.
      Architecture: architecture.toLowerCase() === 'arm' ? '' : architecture,
      OS: os,
    }));
    return { spec: withImage(spec, image.includes('@') ? image : `${image}@${Descriptor.digest}`, platforms) };
  } catch (error) {
    // Whoever the engine does not know at all has other troubles than the image.
    if (codeOf(error) === 'unavailable') throw error;
    return { spec: withImage(spec, image), warning: unpinned(image) };
  }
}

function withImage(
  spec: ServiceSpec,
  image: string,
  platforms: readonly { readonly Architecture: string; readonly OS: string }[] = [],
): ServiceSpec {
  const { ContainerSpec, Placement, ...task } = spec.TaskTemplate;
  const isOpen = platforms.length > 0 && (Placement?.Platforms ?? []).length === 0;
  return {
    ...spec,
    TaskTemplate: {
      ...task,
      ContainerSpec: { ...ContainerSpec, Image: image },
      ...(Placement && { Placement }),
      ...(isOpen && { Placement: { ...Placement, Platforms: platforms } }),
    },
  };
}

/** `busybox` → `busybox:latest`. */
function withTag(image: string): string {
  const short = image.replace(/^(index\.)?docker\.io\/(library\/)?/, '');
  return /[:@][^/]*$/.test(short) || short === '' ? short : `${short}:latest`;
}

function unpinned(image: string): string {
  return [
    `image ${image} could not be accessed on a registry to record`,
    `its digest. Each node will access ${image} independently,`,
    'possibly leading to different nodes running different',
    'versions of the image.\n',
  ].join('\n');
}
