import { FairleadError } from '@fairlead/base';
import { installedProgram, pathDirectories } from '@fairlead/runtime';

/** Where the init is in a container, as in Docker. */
export const INIT_PATH = '/sbin/docker-init';

/**
 * Programs that reap orphans and hand signals on, the best first: those that are linked statically run whatever the
 * image holds. All take `--` before the command.
 */
const programs = ['docker-init', 'tini-static', 'catatonit', 'tini'];

/** Where Docker's packages put what only the engine runs (moby, daemon/config/config_linux.go). */
const libraries = ['/usr/local/libexec/docker', '/usr/libexec/docker', '/usr/local/lib/docker', '/usr/lib/docker'];

/**
 * Absolute path of the init that `--init` puts first.
 *
 * @throws FairleadError `not-found` in Docker's words when the machine has none.
 */
export function findInit(directories = [...libraries, ...pathDirectories()]): string {
  for (const program of programs) {
    const found = installedProgram(program, directories);
    if (found !== undefined) return found;
  }
  throw new FairleadError('not-found', 'exec: "docker-init": executable file not found in $PATH');
}
