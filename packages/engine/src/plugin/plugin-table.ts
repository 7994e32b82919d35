import { FairleadError } from '@fairlead/base';
import { familiarText, type ImageReference, parseImageReference, withDefaultTag } from '@fairlead/registry';
import type { Collection } from '@fairlead/store';
import type { Plugin } from './plugin-model.ts';

/** The stored plugins, and how they are called. */
export class PluginTable implements Iterable<Plugin> {
  readonly #documents: Collection<Plugin>;

  constructor(documents: Collection<Plugin>) {
    this.#documents = documents;
  }

  *[Symbol.iterator](): Iterator<Plugin> {
    for (const plugin of this.#documents) if (plugin.removing !== true) yield plugin;
  }

  /** Those whose removal has begun, too. */
  everyOne(): readonly Plugin[] {
    return [...this.#documents];
  }

  /**
   * By ID, by name with or without the tag, or by the beginning of an ID (moby, plugin/store.go, resolvePluginID).
   *
   * @throws FairleadError `not-found`, `invalid-argument` for what several are called, in Docker's words.
   */
  find(text: string): Plugin {
    const found = this.look(text);
    if (found === undefined) throw noSuchPlugin(text);
    return found;
  }

  /** As {@link find}. @returns nothing when there is none. */
  look(text: string): Plugin | undefined {
    const all = [...this];
    if (/^[0-9a-f]{64}$/.test(text)) return all.find(({ id }) => id === text);
    const name = nameIn(text);
    if (name === undefined) return undefined;
    const named = all.find((plugin) => plugin.name === name);
    if (named !== undefined) return named;
    const begun = all.filter(({ id }) => id.startsWith(text));
    if (begun.length > 1) {
      throw new FairleadError('invalid-argument', `multiple plugins found for ${JSON.stringify(text)}`);
    }
    return begun[0];
  }

  /** The plugin as it is by now. @throws FairleadError `not-found` when it has been removed. */
  current({ id }: Pick<Plugin, 'id'>): Plugin {
    return this.find(id);
  }

  /** @throws FairleadError `conflict` in Docker's words. */
  requireFree(name: string): void {
    if ([...this].some((plugin) => plugin.name === name)) {
      throw new FairleadError('conflict', `plugin ${name} already exists`);
    }
  }

  put(plugin: Plugin): Plugin {
    return this.#documents.put(plugin);
  }

  forget(id: string): void {
    this.#documents.delete(id);
  }
}

/** A plugin's whole name for what somebody calls it; nothing for what can be none. */
function nameIn(text: string): string | undefined {
  try {
    const reference = parseImageReference(text);
    return reference.digest === undefined ? pluginName(reference) : undefined;
  } catch {
    return undefined;
  }
}

/** How plugins are called: as a user writes it, with the tag. */
export function pluginName(reference: ImageReference): string {
  return familiarText(withDefaultTag(reference));
}

/**
 * What a plugin is called here that is fetched from a registry (moby, server/router/plugin, getName).
 *
 * @param name what it shall be called; '' for what it is called there.
 * @throws FairleadError `invalid-argument` for what can be no name.
 */
export function localName(remote: string, name: string): string {
  const there = parseImageReference(remote);
  const { domain, path, tag, digest } = name === '' ? there : parseImageReference(name);
  if (name !== '' && digest !== undefined) {
    throw new FairleadError('internal', 'cannot use digest in plugin tag');
  }
  return pluginName({ domain, path, tag });
}

/** The error of who looks for a plugin in vain, in Docker's words. */
function noSuchPlugin(text: string): FairleadError {
  return new FairleadError('not-found', `plugin ${JSON.stringify(text)} not found`);
}
