import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const launcher = resolve(import.meta.dirname, '../../fairlead');

/**
 * What a tool that writes pages of the documentation finds wrong with them; '' when they are as they would be written.
 *
 * @param name of a file in `tools`.
 */
export function pageProblem(name: string): string {
  const options = { encoding: 'utf8', timeout: 110_000 } as const;
  const { status, stdout, stderr } = spawnSync(launcher, ['tool', name, '--check'], options);
  return status === 0 ? '' : `${stdout}${stderr}` || `${name} exited with ${status}`;
}
