/**
 * What work tells while it goes on, each as it comes, and at last its result.
 *
 * @throws what the work throws.
 */
export async function* asTold<T, R>(work: (tell: (value: T) => void) => Promise<R>): AsyncGenerator<T | R> {
  const told: T[] = [];
  let news = Promise.withResolvers<void>();
  const result = work((value) => {
    told.push(value);
    news.resolve();
  });
  const end = result.then(
    () => true,
    () => true,
  );
  for (let isOver = false; !isOver; ) {
    isOver = await Promise.race([end, news.promise.then(() => false)]);
    news = Promise.withResolvers<void>();
    yield* told.splice(0);
  }
  yield await result;
}

/** The same values; what goes wrong before the first is thrown now, while it can still be answered. */
export async function begun<T>(values: AsyncGenerator<T>): Promise<AsyncGenerator<T>> {
  const first = await values.next();
  return (async function* () {
    if (first.done !== true) yield first.value;
    yield* values;
  })();
}
