import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Where libcni remembers what it has attached, whoever uses it (containernetworking/cni, libcni/api.go). */
const remembered = '/var/lib/cni/results';

/**
 * Remove what the network library of a buildkitd remembers of steps, when it was killed and nobody will detach them.
 *
 * @param root the buildkitd's own folder, in which the namespaces of its steps were: others remember theirs there, too.
 */
export function forgetStepNetworks(root: string, folder = remembered): void {
  if (!existsSync(folder)) return;
  // Files of JSON, which name the namespace.
  const place = JSON.stringify(join(root, 'net/cni/')).slice(0, -1);
  for (const path of readdirSync(folder).map((name) => join(folder, name))) {
    if (textOf(path).includes(place)) rmSync(path, { force: true });
  }
}

/** Its owner may be faster in removing it. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
