import type { Action } from '../command/command.ts';
import type { Connection } from '../connection/connection.ts';

/** `fairlead system stop-containers`: what systemd runs when the machine ends. */
export const stopContainers: Action = async ({ engine, print }) => ((await stopAllContainers(engine, print)) ? 0 : 1);

/**
 * Stop all containers by their own signals and in their own time. Their restart policies hold: the next start of the
 * engine brings back whom nobody stopped by name.
 *
 * @returns false when some of them run in spite of it.
 */
export async function stopAllContainers(engine: Connection, print: (line: string) => void): Promise<boolean> {
  const { length: count } = await engine.ask<readonly unknown[]>('GET', '/containers/json');
  if (count > 0) print(`stopping ${count} ${count === 1 ? 'container' : 'containers'}`);
  // Also when none runs: a boot may be about to start some.
  const { left } = await engine.ask<{ readonly left: readonly string[] }>('POST', '/fairlead/shutdown');
  for (const name of left) print(`container ${name} does not stop`);
  return left.length === 0;
}
