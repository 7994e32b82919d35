import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { OpenNamespace } from '@fairlead/kernel';
import { type ConnectionState, isFrozenControlGroup } from '@fairlead/kernel/tracing';
import type { ErrnoName } from '@fairlead/netlink';
import type { Probe, SentProbe } from './probe.ts';

const program = resolve(import.meta.dirname, 'probe-process.ts');

/** Milliseconds until a process that says nothing is given up: on a busy machine it takes seconds to begin. */
const PATIENCE = 20_000;

/** What the process says of its probe, a line of JSON whenever it changes. */
export interface ProbeStanding {
  readonly sourcePort: number;
  readonly failure?: ErrnoName;
  readonly answered: boolean;
  readonly connection?: ConnectionState;
}

/**
 * Send a probe as a process of a control group would: sockets belong to the group in which they were made, and the programs
 * of a group are asked about its own sockets only. So a process of ours joins it for as long as the probe is under way.
 *
 * @returns `undefined` when that cannot be had: the group is frozen, or gone.
 */
export async function sendFromGroup(
  probe: Probe,
  group: string,
  namespace: OpenNamespace,
): Promise<SentProbe | undefined> {
  if (isFrozenControlGroup(group)) return undefined;
  // A process begins in the namespace that its parent's thread is in.
  const child = namespace.enter(() =>
    spawn(process.execPath, [program, JSON.stringify({ probe, group })], { stdio: ['pipe', 'pipe', 'ignore'] }),
  );
  const gaveUp = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  let standing: ProbeStanding | undefined;
  let hear = () => {};
  const lines = createInterface(child.stdout).on('line', (line) => {
    standing = standingIn(line) ?? standing;
    hear();
  });
  await Promise.race([once(lines, 'line'), once(lines, 'close')]);
  clearTimeout(gaveUp);
  if (standing === undefined) {
    child.kill('SIGKILL');
    return undefined;
  }
  const { sourcePort, failure, connection } = standing;
  return {
    sourcePort,
    fromGroup: true,
    ...(failure && { failure }),
    ...(connection && { connection: () => standing?.connection ?? connection }),
    answered: () => standing?.answered === true,
    listen(listener) {
      hear = listener;
      return {
        [Symbol.dispose]() {
          hear = () => {};
        },
      };
    },
    [Symbol.dispose]: () => child.kill('SIGKILL'),
  };
}

/** @returns `undefined` for a line that the end of its process has cut off. */
function standingIn(line: string): ProbeStanding | undefined {
  try {
    return JSON.parse(line) as ProbeStanding;
  } catch {
    return undefined;
  }
}
