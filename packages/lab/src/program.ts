import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

/** How a program ended and what it said. */
export interface Finished {
  /** Exit code; 128 and the signal's number when a signal ended it, as a shell has it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run a program. */
export interface RunOptions {
  /** Given to standard input, which is then closed; without it there is none. */
  readonly input?: string | Uint8Array;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which it is killed. Default 60,000. */
  readonly timeout?: number;
}

/** Wait for a program that was started with pipes, collecting what it says. */
export function finish(child: ChildProcess, { input, timeout = 60_000 }: RunOptions = {}): Promise<Finished> {
  const { promise, resolve, reject } = Promise.withResolvers<Finished>();
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const alarm = setTimeout(() => child.kill('SIGKILL'), timeout);
  child.on('error', reject);
  child.on('close', (code, signal) => {
    clearTimeout(alarm);
    resolve({ code: code ?? 128 + constants.signals[signal ?? 'SIGKILL'], stdout: stdout(), stderr: stderr() });
  });
  // A program that ends without reading its input is none of our business.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  return promise;
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const pieces: Buffer[] = [];
  stream?.on('data', (piece: Buffer) => pieces.push(piece));
  return () => Buffer.concat(pieces).toString();
}

/** Process ids of a process's children. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/**
 * What a docker command complained about, alike for all its releases: without what `docker run` adds, its own name, in some
 * cases advice or a line of its log and, up to release 27, a full stop. That is left out of its messages in any case.
 */
export function refusalOf({ stderr }: Finished): string {
  return stderr.trimEnd().replace(/^docker: (.*?)\.?(\n+((Run|See) 'docker run --help'|time=")[^\n]*)?$/s, '$1');
}
