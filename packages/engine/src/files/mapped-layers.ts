import { join } from 'node:path';
import { FairleadError, type IdentityMapping } from '@fairlead/base';
import type { RootfsMount } from '../container/file/rootfs-file.ts';
import type { EngineContext } from '../context.ts';
import { mappedPlace } from './mount-place.ts';

type Context = Pick<EngineContext, 'fileSystems' | 'mountWithIdentities' | 'settings'>;

/**
 * Layers as a container with other identities sees them: on the disk everything belongs to whom the image says, and there is
 * one place where it belongs to the container's users on the host.
 *
 * @throws FairleadError `internal` when the layers are not where they can be mapped.
 */
export function mapLayers<Layer extends RootfsMount>(
  { fileSystems, mountWithIdentities, settings }: Context,
  layers: readonly Layer[],
  identities: IdentityMapping | undefined,
): Layer[] {
  if (identities === undefined) return [...layers];
  const place = mappedPlace(settings);
  let isMounted = fileSystems.mountPoints().includes(place);
  const moved = (path: string) => {
    const { root, rest } = snapshotPath(path);
    if (!isMounted) mountWithIdentities(root, place, identities);
    isMounted = true;
    return join(place, rest);
  };
  return layers.map((layer) => ({
    ...layer,
    source: layer.type === 'bind' ? moved(layer.source) : layer.source,
    options: layer.options.map((option) => movedOption(option, moved)),
  }));
}

function movedOption(option: string, moved: (path: string) => string): string {
  const [, name, paths] = /^(upperdir|workdir|lowerdir)=(.*)$/s.exec(option) ?? [];
  return name === undefined || paths === undefined ? option : `${name}=${paths.split(':').map(moved).join(':')}`;
}

/** containerd's snapshotter `overlayfs` keeps all layers in one directory, by number. */
function snapshotPath(path: string): { readonly root: string; readonly rest: string } {
  const [, root, rest] = /^(.*\/snapshots)\/(\d+\/.*)$/s.exec(path) ?? [];
  if (root !== undefined && rest !== undefined) return { root, rest };
  throw new FairleadError('internal', `user namespaces need containerd's snapshotter overlayfs: ${path} is not of it`);
}
