import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { newIdentifier } from '@fairlead/base';
import { bytePath } from '../files/file-calls.ts';
import { removeTree } from '../files/remove-tree.ts';
import type { Plugin } from './plugin-model.ts';
import { pathOnHost } from './plugin-path.ts';

/** Where plugins have what is theirs. */
export class PluginPlaces {
  /** Of folders of plugins, by their IDs. */
  readonly #root: string;
  readonly #execRoot: string;

  constructor({ dataRoot, execRoot }: { readonly dataRoot: string; readonly execRoot: string }) {
    this.#root = join(dataRoot, 'plugins');
    this.#execRoot = execRoot;
  }

  /** Folder of {@link PluginBlobs}. */
  get blobs(): string {
    return join(this.#root, 'storage');
  }

  /** Everything that a plugin has and that outlives a reboot. */
  folder({ id }: Pick<Plugin, 'id'>): string {
    return join(this.#root, id);
  }

  rootfs(plugin: Pick<Plugin, 'id' | 'rootfs'>): string {
    return join(this.folder(plugin), plugin.rootfs);
  }

  /** What the plugin mounts in its `PropagatedMount` is seen here. */
  propagated(plugin: Pick<Plugin, 'id'>): string {
    return join(this.folder(plugin), 'propagated-mount');
  }

  /** A path of the plugin's as the host has it. */
  onHost(plugin: Plugin, inside: string): string {
    return pathOnHost(plugin.config, { rootfs: this.rootfs(plugin), propagated: this.propagated(plugin) }, inside);
  }

  /** What it has as `/run/docker/plugins`. */
  sockets({ id }: Pick<Plugin, 'id'>): string {
    return join(this.#execRoot, 'plugins', id);
  }

  /** Pipes of its output. */
  output({ id }: Pick<Plugin, 'id'>): string {
    return join(this.#execRoot, 'plugin-output', id);
  }

  /** A new folder for a root file system; whoever is not done with it when the daemon ends is never done. */
  makeRoom(): string {
    const path = join(this.#root, 'unfinished', newIdentifier());
    mkdirSync(path, { recursive: true, mode: 0o755 });
    return path;
  }

  /** Let a folder of {@link makeRoom} be a plugin's root file system. */
  settle(room: string, plugin: Pick<Plugin, 'id' | 'rootfs'>): void {
    mkdirSync(this.folder(plugin), { recursive: true, mode: 0o700 });
    renameSync(room, this.rootfs(plugin));
  }

  /** Remove everything: there is no plugin. */
  async clear(): Promise<void> {
    await removeFolder(this.#root);
  }

  /** Remove what belongs to no plugin, or to an earlier form of one: what a daemon that was killed has left. */
  async sweep(plugins: readonly Pick<Plugin, 'id' | 'rootfs'>[]): Promise<void> {
    const kept = new Map(plugins.map((plugin) => [plugin.id, [plugin.rootfs, 'propagated-mount']]));
    for (const name of namesIn(this.#root)) {
      if (name === 'storage') continue;
      const parts = kept.get(name);
      if (parts === undefined) await removeFolder(join(this.#root, name));
      else await removeOthers(join(this.#root, name), parts);
    }
  }
}

/** Remove a folder with all that is in it; one that is not there is no error. Nothing may be mounted below it. */
export async function removeFolder(path: string): Promise<void> {
  if (existsSync(path)) await removeTree(bytePath(path));
}

async function removeOthers(folder: string, kept: readonly string[]): Promise<void> {
  for (const name of namesIn(folder)) if (!kept.includes(name)) await removeFolder(join(folder, name));
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
