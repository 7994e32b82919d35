/** Modules that the start of a program does not need, in the order in which they were named. */
const named: (() => Promise<unknown>)[] = [];

/**
 * Name a module that is loaded by whoever needs it first: a start loads only what it needs itself. A program that lives long
 * sees to it that what is loaded later belongs to what it is now, or loads the rest with {@link loadLateModules}.
 *
 * @param load nothing but an `import()`, which loads a module once however often it is called.
 * @example
 * const registries = lateModule(() => import('./registries.ts'));
 * const { registryRoutes } = await registries();
 */
export function lateModule<T>(load: () => Promise<T>): () => Promise<T> {
  named.push(load);
  return load;
}

/** Those of them that nearly every engine needs sooner or later. */
const usual: (() => Promise<unknown>)[] = [];

/**
 * The same for a module that nearly every program of its kind needs sooner or later, though not for its start: it may be loaded
 * when there is nothing else to do, so that its first user does not wait for it. See {@link loadUsualModules}.
 */
export function usualModule<T>(load: () => Promise<T>): () => Promise<T> {
  usual.push(load);
  return lateModule(load);
}

/** Load what {@link usualModule} was told of and nobody has needed yet, one after the other with room for other work between. */
export async function loadUsualModules(): Promise<void> {
  for (const load of usual) {
    await load();
    await new Promise(setImmediate);
  }
}

/**
 * Load everything that was named and nobody has needed yet, one module after the other with room for other work between.
 * From then on it is all in memory: files that an upgrade puts in place are never mixed with those of before.
 */
export async function loadLateModules(): Promise<void> {
  for (const load of named) await load();
}
