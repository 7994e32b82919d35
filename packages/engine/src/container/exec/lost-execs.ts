import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, messageOf } from '@fairlead/base';
import { type Containerd, ProcessStreams } from '@fairlead/runtime';
import { ignoreMissing } from '../container-state.ts';

/** The part of containerd that is needed. */
type Tasks = Pick<Containerd['tasks'], 'get' | 'wait' | 'delete'>;

interface Reference {
  readonly containerId: string;
  readonly execId: string;
}

/** containerd needs some 40 ms to start a process that it has been asked to. */
const START_ATTEMPTS = 20;
const START_PAUSE_MS = 100;

/**
 * What a daemon that was killed has left of its execs in a container that lives. Nobody can ask for them any more, but
 * they go on: their output is read, lest they wait for ever for somebody to take it, and everything goes when they end.
 *
 * @param pipes directory of the container's pipes; those of each exec are in one of its own, called by its id.
 * @param own ids of those that this daemon has started meanwhile.
 */
export function followLostExecs(
  {
    pipes,
    containerId,
    own,
  }: { readonly pipes: string; readonly containerId: string; readonly own: readonly string[] },
  tasks: Tasks,
  logger: Logger,
): void {
  const directories = readdirSync(pipes, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of directories.filter(({ name }) => !own.includes(name))) {
    followToEnd(join(pipes, name), { containerId, execId: name }, tasks).catch((error) =>
      logger.warn('exec of an earlier daemon not cleared up', { id: name, error: messageOf(error) }),
    );
  }
}

async function followToEnd(directory: string, reference: Reference, tasks: Tasks): Promise<void> {
  const names = readdirSync(directory);
  using _files = { [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
  if (!names.includes('stdout')) return;
  const layout = { directory, stdin: false, terminal: !names.includes('stderr') };
  using streams = await ProcessStreams.reopen(layout, { setPipeCapacity: () => {} });
  for (const stream of [streams.stdout, streams.stderr]) stream?.resume();
  try {
    // Its start may be under way yet; one that was made and not started will not be any more.
    if (await isStarted(reference, tasks)) await tasks.wait(reference);
    await tasks.delete(reference);
  } catch (error) {
    ignoreMissing(error);
  }
}

async function isStarted(reference: Reference, tasks: Tasks): Promise<boolean> {
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
    if ((await tasks.get(reference)).state !== 'created') return true;
    await sleep(START_PAUSE_MS);
  }
  return false;
}
