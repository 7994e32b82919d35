import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Put a program where Wireshark looks for those that capture (extcap(4), personal plugins). It passes everything on to
 * this clone's `fairlead extcap`.
 *
 * @param home of the user who runs Wireshark.
 * @returns its path.
 */
export function installExtcap(home = homedir()): string {
  const folder = join(home, '.local/lib/wireshark/extcap');
  const path = join(folder, 'fairlead');
  const launcher = resolve(import.meta.dirname, '../../../../fairlead').replaceAll("'", "'\\''");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, `#!/bin/sh\nexec '${launcher}' extcap "$@"\n`, { mode: 0o755 });
  return path;
}
