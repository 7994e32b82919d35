import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { ExitStatus, TaskProcess } from '@fairlead/runtime';
import { Containerd } from '@fairlead/runtime/containerd';
import { notedEndsPath, readNotedEnds } from '@fairlead/runtime/noted-ends';
import { CONFIG_FILE, EXEC_ROOT, readSettings } from './config-file.ts';

/** containerd's name for everything that is ours. */
export const CONTAINERD_NAMESPACE = 'fairlead';

/** A containerd that was asked something before it is known whether it is ours, or there at all. */
export interface AskedContainerd {
  readonly client: Containerd;
  /** How containers ended of whose end it does not know; see `ContainerdSettings`. */
  readonly untoldEnds: Map<string, ExitStatus>;
  /** Its tasks. Rejects when it was not there: whoever needs them asks again. */
  readonly tasks: Promise<readonly TaskProcess[]>;
  /** Rejects when it was not there, or lacks something; see {@link Containerd.verify}. */
  readonly verified: Promise<void>;
}

/**
 * Turns of the event loop until a question is with containerd: the socket is connected in the first, the connection set up
 * in the second, and what was asked meanwhile is written at the end of the third.
 */
const TURNS = 3;

/**
 * Ask a containerd that still runs what it runs. It asks every shim for that, on another processor, while this one loads
 * the rest of the program. Nothing is changed by it, so it is done before anybody knows whether this engine may start.
 *
 * @param words the command line behind `fairlead daemon`; what is wrong with it is said later.
 * @returns nothing when there is nobody to ask.
 */
export async function askEarly(words: readonly string[]): Promise<AskedContainerd | undefined> {
  const socket = socketNamedIn(words);
  if (socket === undefined || !existsSync(socket)) return undefined;
  const asked = askContainerd(socket);
  for (let turn = 0; turn < TURNS; turn++) await endOfTurn();
  return asked;
}

/** Ask a containerd whatever a start wants to know of it. One of our own may have come up while no daemon was there to see it. */
export function askContainerd(
  socket: string,
  untoldEnds = readNotedEnds(notedEndsPath(dirname(socket))),
): AskedContainerd {
  const client = Containerd.connect(socket, { namespace: CONTAINERD_NAMESPACE, untoldEnds });
  const [tasks, verified] = [client.tasks.list(), client.verify()];
  // Whoever needs them is told.
  for (const answer of [tasks, verified]) answer.catch(() => {});
  return { client, untoldEnds, tasks, verified };
}

/** Where containerd is reached: one that was named, or our own. */
export function containerdSocket(execRoot: string, named: string | undefined): string {
  return named ?? join(execRoot, 'containerd', 'containerd.sock');
}

function socketNamedIn(words: readonly string[]): string | undefined {
  try {
    const { all } = readSettings(words, CONFIG_FILE);
    const text = (name: string) => all.get(name)?.at(-1);
    if (text('validate') === 'true') return undefined;
    return containerdSocket(text('exec-root') ?? EXEC_ROOT, text('containerd') || undefined);
  } catch {
    return undefined;
  }
}
