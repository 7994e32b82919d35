import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version of the command, `0.1.0`; the engine's own may be another. */
export function productVersion(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));
  return manifest.version;
}
