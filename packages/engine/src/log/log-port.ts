import type { OutputChunk } from '../container/stream-port.ts';

/** One line of a container's log; `data` keeps its newline. */
export interface LogLine extends OutputChunk {
  /** RFC 3339 with nanoseconds, UTC. */
  readonly time: string;
  /** What the log says about the container, as its options `labels`, `env` and `tag` ask. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Which lines of a log are wanted. Times are nanoseconds since the epoch. */
export interface LogOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly follow: boolean;
  /** Lines from the end; absent means all. */
  readonly tail?: number;
  readonly since?: bigint;
  readonly until?: bigint;
}
