import { text } from 'node:stream/consumers';
import type { Connection } from '../connection/connection.ts';
import { joinStreams } from '../connection/terminal-session.ts';
import { reportStartFailure } from './exit-status.ts';

/** How to join a container. */
export interface JoinOptions {
  /** Of `stdin`, `stdout`, `stderr`. */
  readonly streams: readonly string[];
  readonly tty: boolean;
  /** Hand signals that the command gets on to the container. */
  readonly signals: boolean;
  readonly detachKeys: string | undefined;
  /** What ends the wait. */
  readonly condition: 'next-exit' | 'not-running' | 'removed';
  /** Start it once everything is in place. */
  readonly start: boolean;
}

/**
 * Join the command's streams to a container's until its output ends.
 *
 * @returns the container's exit code; docker's for a failed start when it could not be started.
 */
export async function joinContainer(engine: Connection, id: string, options: JoinOptions): Promise<number> {
  const has = (stream: string): boolean => options.streams.includes(stream);
  const query = {
    stream: true,
    stdin: has('stdin'),
    stdout: has('stdout'),
    stderr: has('stderr'),
    detachKeys: options.detachKeys,
  };
  const remote = await engine.hijack(`/containers/${id}/attach`, { query });
  // The answer's head says that the wait is armed: no exit can be missed.
  const waiting = await engine.open('POST', `/containers/${id}/wait`, { query: { condition: options.condition } });
  if (options.start) {
    try {
      await engine.ask('POST', `/containers/${id}/start`);
    } catch (error) {
      remote.destroy();
      waiting.destroy();
      return reportStartFailure(error);
    }
  }
  using _ = options.signals && !options.tty ? handSignalsOn(engine, id) : undefined;
  await joinStreams(remote, {
    tty: options.tty,
    stdin: has('stdin'),
    shown: options.streams,
    resize: (rows, columns) => engine.ask('POST', `/containers/${id}/resize`, { query: { h: rows, w: columns } }),
  });
  return exitCode(engine, id, waiting, options);
}

/** Output that ends while the container runs on was detached from. */
async function exitCode(
  engine: Connection,
  id: string,
  waiting: Awaited<ReturnType<Connection['open']>>,
  { tty, detachKeys }: JoinOptions,
): Promise<number> {
  if (tty || detachKeys !== undefined) {
    const state = await engine
      .ask<{ State: { Running: boolean } }>('GET', `/containers/${id}/json`)
      .catch(() => undefined);
    if (state?.State.Running === true) {
      waiting.destroy();
      return 0;
    }
  }
  const { StatusCode } = JSON.parse(await text(waiting)) as { StatusCode: number };
  return StatusCode;
}

const handedOn = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

function handSignalsOn(engine: Connection, id: string): Disposable {
  const hand = (signal: NodeJS.Signals): void => {
    // It may just have ended: then there is nobody to tell.
    engine.ask('POST', `/containers/${id}/kill`, { query: { signal } }).catch(() => undefined);
  };
  for (const signal of handedOn) process.on(signal, hand);
  return {
    [Symbol.dispose]() {
      for (const signal of handedOn) process.off(signal, hand);
    },
  };
}
