/** All values of what gives several at a time. */
export async function allOf<T>(batches: AsyncIterable<readonly T[]>): Promise<T[]> {
  return (await Array.fromAsync(batches)).flat();
}
