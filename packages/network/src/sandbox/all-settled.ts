/** Wait for all three even when one fails, for what the others did has to be taken back too; then throw the first failure. */
export async function allSettled<A, B, C>(a: Promise<A>, b: Promise<B>, c: Promise<C>): Promise<[A, B, C]> {
  await Promise.allSettled([a, b, c]);
  return await Promise.all([a, b, c]);
}
