import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { EngineSettings, FileSystems } from '../context.ts';
import { dropViews } from '../volume/image-view.ts';

/** A path for a mount that exists for a moment. */
export function mountPlace(settings: Pick<EngineSettings, 'execRoot'>): string {
  return join(mountFolder(settings), randomUUID());
}

/** What a daemon has left that was killed in that moment. To be called before the first mount. */
export function dropMountPlaces(settings: Pick<EngineSettings, 'execRoot'>, fileSystems: FileSystems): void {
  dropViews(mountFolder(settings), fileSystems);
}

function mountFolder({ execRoot }: Pick<EngineSettings, 'execRoot'>): string {
  return join(execRoot, 'files');
}
