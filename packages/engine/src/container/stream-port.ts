/** Which streams of a process a client wants, and how. */
export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Replay the log first. */
  readonly logs: boolean;
  readonly stream: boolean;
  readonly detachKeys?: string;
}

/** A client's end of a process's streams. */
export interface AttachedStreams {
  /** Ends when the process has exited and its output has been delivered, or on detach. Its bytes are the reader's own. */
  readonly output: AsyncIterable<OutputChunk>;
  /** Write to standard input; no-op when stdin was not asked for. Resolves when nobody needs `data` any more (back-pressure). */
  write(data: Uint8Array): Promise<void>;
  /** Half-close standard input. */
  end(): Promise<void>;
  /** The client went away, or all output has been delivered: may be called more than once, and after the end. */
  detach(): void;
  readonly tty: boolean;
}

/** A piece of output. */
export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Uint8Array;
}
