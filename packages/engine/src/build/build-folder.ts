import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineSettings } from '../context.ts';

/** Where the contexts of builds are while these go on. */
export function buildFolder({ dataRoot }: Pick<EngineSettings, 'dataRoot'>): string {
  return join(dataRoot, 'build');
}

/**
 * Drop the contexts of builds that a killed daemon was at. Their containers go with the other containers, their layers
 * with the leases; images of the steps that were complete stay, for they are whole.
 */
export function dropBuildContexts(settings: Pick<EngineSettings, 'dataRoot'>): void {
  rmSync(buildFolder(settings), { recursive: true, force: true });
}
