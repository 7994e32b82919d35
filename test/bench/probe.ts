import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

/** How often something was done while a probe ran, and how often it failed. */
export interface ProbeResult {
  readonly sent: number;
  readonly failed: number;
}

/** Something that is done again and again in a network namespace, by a process of its own, until it is stopped. */
export interface Probe extends Disposable {
  /** End in good order. Disposing ends it at once and without a result. */
  stop(): Promise<ProbeResult>;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** Ask for a name, or fetch a page: see `load/probe.ts`. */
export async function startProbe(namespacePath: string, ...words: string[]): Promise<Probe> {
  const program = join(import.meta.dirname, 'load/probe.ts');
  const child = spawnInside(namespacePath, [process.execPath, program, ...words]);
  await firstWords(child);
  const result = text(child.stdout);
  return {
    async stop() {
      child.stdin.end();
      return JSON.parse(await result);
    },
    [Symbol.dispose]: () => child.kill('SIGKILL'),
  };
}

/** Send echo requests, a hundred a second. */
export async function startPing(namespacePath: string, address: string): Promise<Probe> {
  const child = spawnInside(namespacePath, ['busybox', 'ping', '-i', '0.01', address]);
  await firstWords(child);
  const result = text(child.stdout);
  return {
    async stop() {
      child.kill('SIGINT');
      return parsePing(await result);
    },
    [Symbol.dispose]: () => child.kill('SIGKILL'),
  };
}

/**
 * The closing lines of ping. The last request may have had no time to be answered.
 *
 * @throws SyntaxError for anything else.
 */
export function parsePing(output: string): ProbeResult {
  const [, transmitted, received] = /(\d+) packets transmitted, (\d+) packets received/.exec(output) ?? [];
  if (transmitted === undefined || received === undefined)
    throw new SyntaxError(`not the end of a ping: ${output.slice(-200)}`);
  const sent = Number(transmitted);
  const lost = sent - Number(received);
  return { sent, failed: lost === 1 ? 0 : lost };
}

function spawnInside(namespacePath: string, command: readonly string[]): Child {
  return spawn('nsenter', [`--net=${namespacePath}`, '--', ...command], { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function firstWords(child: Child): Promise<void> {
  const [first] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  if (typeof first === 'number') throw new Error('a probe ended at once');
}
