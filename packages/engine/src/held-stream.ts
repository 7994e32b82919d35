/**
 * A stream that needs something to be held: it is let go of when the stream has been read or left, also when nobody
 * ever begins to read.
 */
export function heldStream(content: AsyncIterable<Uint8Array>, held: AsyncDisposableStack): AsyncIterable<Uint8Array> {
  let begun = false;
  const iterator = (async function* () {
    begun = true;
    await using _ = held;
    yield* content;
  })();
  const leave = async () => {
    if (!begun) await held.disposeAsync();
    return await iterator.return(undefined);
  };
  return { [Symbol.asyncIterator]: () => ({ next: () => iterator.next(), return: leave }) };
}
