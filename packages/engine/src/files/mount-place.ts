import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { EngineContext, EngineSettings, FileSystems } from '../context.ts';
import { dropViews } from '../volume/image-view.ts';

/** A path for a mount that exists for a moment. */
export function mountPlace(settings: Pick<EngineSettings, 'execRoot'>): string {
  return join(mountFolder(settings), randomUUID());
}

/** What a daemon has left that was killed in that moment. To be called before the first mount. */
export function dropMountPlaces(settings: Pick<EngineSettings, 'execRoot'>, fileSystems: FileSystems): void {
  dropViews(mountFolder(settings), fileSystems);
}

/** Where all layers are mounted again with the identities of containers; see `mapLayers`. */
export function mappedPlace({ execRoot }: Pick<EngineSettings, 'execRoot'>): string {
  return join(execRoot, 'layers');
}

/** Take it away: a daemon that was killed, or had other identities, has left it. Containers that run keep what they have. */
export function dropMappedLayers({ settings, fileSystems }: Pick<EngineContext, 'settings' | 'fileSystems'>): void {
  fileSystems.unmount(mappedPlace(settings));
}

function mountFolder({ execRoot }: Pick<EngineSettings, 'execRoot'>): string {
  return join(execRoot, 'files');
}
