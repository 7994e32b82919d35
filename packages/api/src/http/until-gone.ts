/**
 * The values of `source` until the client has gone away.
 *
 * The source is left at once, even while it waits for its next value: a log that is followed may be silent for ever. Its
 * iterator must allow that, which a generator alone does not: there `return` waits as well.
 */
export async function* untilGone<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  const leave = async (): Promise<void> => {
    await iterator.return?.();
  };
  // What fails on the way out interests nobody any more.
  const leaveQuietly = (): void => void leave().catch(() => {});
  signal.addEventListener('abort', leaveQuietly, { once: true });
  if (signal.aborted) leaveQuietly();
  try {
    for (;;) {
      const next = await iterator.next();
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', leaveQuietly);
    await leave();
  }
}
