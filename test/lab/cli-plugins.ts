import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where docker commands look for their plugins (docker/cli, cli-plugins/manager). */
const pluginFolders = [
  join(homedir(), '.docker/cli-plugins'),
  ...['/usr/local/lib', '/usr/local/libexec', '/usr/lib', '/usr/libexec'].map(
    (folder) => `${folder}/docker/cli-plugins`,
  ),
];

/**
 * A plugin of the docker command, where one is installed.
 *
 * @param name such as `docker-buildx`.
 * @param variable of the environment that names another one.
 */
export function cliPlugin(name: string, variable: string): string | undefined {
  const named = process.env[variable];
  const places = [...(named === undefined ? [] : [named]), ...pluginFolders.map((folder) => join(folder, name))];
  return places.find((path) => existsSync(path));
}
