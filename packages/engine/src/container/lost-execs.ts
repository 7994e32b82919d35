import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, messageOf } from '@fairlead/base';
import { type Containerd, ProcessStreams } from '@fairlead/runtime';
import { ignoreMissing } from './container-state.ts';

/** The part of containerd that is needed. */
type Tasks = Pick<Containerd['tasks'], 'get' | 'wait' | 'delete'>;

/**
 * What a daemon that was killed has left of its execs in a container that lives. Nobody can ask for them any more, but
 * they go on: their output is read, lest they wait for ever for somebody to take it, and everything goes when they end.
 *
 * @param pipes directory of the container's pipes; those of each exec are in one of its own, called by its id.
 */
export function followLostExecs(pipes: string, containerId: string, tasks: Tasks, logger: Logger): void {
  for (const { name } of readdirSync(pipes, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    followToEnd(join(pipes, name), { containerId, execId: name }, tasks).catch((error) =>
      logger.warn('exec of an earlier daemon not cleared up', { id: name, error: messageOf(error) }),
    );
  }
}

async function followToEnd(
  directory: string,
  reference: { readonly containerId: string; readonly execId: string },
  tasks: Tasks,
): Promise<void> {
  const names = readdirSync(directory);
  using _files = { [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
  if (!names.includes('stdout')) return;
  using streams = await ProcessStreams.reopen({ directory, stdin: false, terminal: !names.includes('stderr') });
  for (const stream of [streams.stdout, streams.stderr]) stream?.resume();
  try {
    // One that was made and not started will not be any more.
    if ((await tasks.get(reference)).state !== 'created') await tasks.wait(reference);
    await tasks.delete(reference);
  } catch (error) {
    ignoreMissing(error);
  }
}
