/** Wait for all even when one fails, for what the others did has to be taken back too; then throw the first failure. */
export async function allSettled<T extends readonly Promise<unknown>[]>(...works: T) {
  await Promise.allSettled(works);
  return await Promise.all(works);
}
