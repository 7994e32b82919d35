/** One line of what a pull, push, load or import reports, with the field names of the Docker Engine API in lower case. */
export interface Progress {
  readonly status?: string;
  /** Which line it belongs to: a layer's short digest, or the tag. */
  readonly id?: string;
  /** Text that is printed as it is, its newline included. */
  readonly stream?: string;
  /** Bytes so far. */
  readonly current?: number;
  /** Bytes in all. */
  readonly total?: number;
  /** What a push has made, for programs to read. */
  readonly pushed?: { readonly tag: string; readonly digest: string; readonly size: number };
  /** A build has come to the end of a stage: the ID of its image. */
  readonly built?: string;
}

/** Told what happens. */
export type Report = (progress: Progress) => void;

/**
 * Run something that reports as it goes, as a stream of its reports that ends with its result or its error.
 *
 * Nothing is lost and nobody waits: reports are kept until they are read. When the reader goes away `signal` is raised.
 */
export async function* progressStream<Result>(
  run: (report: Report, signal: AbortSignal) => Promise<Result>,
): AsyncGenerator<Progress, Result> {
  const reports: Progress[] = [];
  const abort = new AbortController();
  let wake = Promise.withResolvers<void>();
  let running = true;
  const result = run((progress) => {
    reports.push(progress);
    wake.resolve();
  }, abort.signal).finally(() => {
    running = false;
    wake.resolve();
  });
  // The error is thrown by the last line; until then it must not count as unhandled.
  result.catch(() => {});
  try {
    while (running || reports.length > 0) {
      if (reports.length === 0) await wake.promise;
      wake = Promise.withResolvers<void>();
      yield* reports.splice(0);
    }
    return await result;
  } finally {
    abort.abort();
    // Nothing of the work may still be under way when the caller goes on; who left early does not want its error.
    await result.catch(() => {});
  }
}

/** At most one report of bytes in this many milliseconds, as Docker does. */
const interval = 100;

/** What {@link reported} says of a stream. Sizes are bytes. */
export interface ReportedLine {
  readonly status: string;
  readonly id: string;
  readonly total: number;
  /** Where the stream begins. */
  readonly offset: number;
}

/** Pass a stream that begins at `offset` through and report how far it is: now and then, and at the end. */
export async function* reported(
  content: AsyncIterable<Uint8Array>,
  { offset, ...line }: ReportedLine,
  report: Report,
): AsyncGenerator<Uint8Array> {
  let current = offset;
  let next = 0;
  for await (const chunk of content) {
    current += chunk.length;
    yield chunk;
    const now = performance.now();
    if (now >= next || current === line.total) {
      report({ ...line, current });
      next = now + interval;
    }
  }
}
