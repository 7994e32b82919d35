import type { PluginConfig, PluginPrivilege, PluginSettings } from '@fairlead/plugins';
import type { Progress, RegistryAuth } from '../progress-port.ts';

/** A plugin as it is shown. */
export interface PluginView {
  readonly id: string;
  readonly name: string;
  readonly reference: string;
  readonly enabled: boolean;
  readonly config: PluginConfig;
  readonly settings: PluginSettings;
}

/** Which plugin of a registry is meant, and who asks. */
export interface RemotePlugin {
  readonly remote: string;
  readonly auth?: RegistryAuth;
  readonly signal?: AbortSignal;
}

/** A plugin that is to be fetched. */
export interface PluginPull extends RemotePlugin {
  /** What it is to be called here. */
  readonly name: string;
  /** What the user has agreed to. */
  readonly privileges: readonly PluginPrivilege[];
}

/** Plugins that the engine runs. Where one is named, it is by name with or without its tag, or by the beginning of its ID. */
export interface PluginService {
  /** What a plugin is called here that is fetched as `remote`, and shall be called `name` where that is not ''. */
  nameOf(remote: string, name: string): string;
  list(): readonly PluginView[];
  /** @throws FairleadError `not-found`. */
  inspect(reference: string): PluginView;
  /** What a plugin of a registry asks for; nothing for one that cannot be had, as with Docker. */
  privileges(plugin: RemotePlugin): Promise<readonly PluginPrivilege[] | null>;
  pull(pull: PluginPull): AsyncIterable<Progress>;
  upgrade(pull: PluginPull): AsyncIterable<Progress>;
  /** Make one of an archive with `config.json` and `rootfs`. */
  create(name: string, archive: AsyncIterable<Uint8Array>): Promise<void>;
  push(reference: string, options: Omit<RemotePlugin, 'remote'>): AsyncIterable<Progress>;
  set(reference: string, settings: readonly string[]): Promise<void>;
  /** @param timeout seconds that its answers may take; 0 leaves that to who asks. */
  enable(reference: string, timeout: number): Promise<void>;
  disable(reference: string, options: { readonly force: boolean }): Promise<void>;
  remove(reference: string, options: { readonly force: boolean }): Promise<void>;
}
