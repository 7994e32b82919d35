import { FairleadError, newIdentifier } from '@fairlead/base';
import type { PluginConfig, PluginPull, PluginService, PluginView, Progress, RemotePlugin } from '@fairlead/engine';

const config: PluginConfig = {
  Args: { Description: '', Name: '', Settable: null, Value: null },
  Description: 'a fake',
  Documentation: '',
  Entrypoint: ['/fake'],
  Env: null,
  Interface: { Socket: 'fake.sock', Types: ['docker.volumedriver/1.0'] },
  IpcHost: false,
  Linux: { AllowAllDevices: false, Capabilities: null, Devices: null },
  Mounts: null,
  Network: { Type: 'host' },
  PidHost: false,
  PropagatedMount: '',
  User: {},
  WorkDir: '',
};

const privileges = [{ Name: 'network', Description: 'permissions to access a network', Value: ['host'] }];

/** Plugins in memory, none of which runs. */
export class FakePlugins implements PluginService {
  readonly #plugins = new Map<string, PluginView>();
  /** What was asked last of a registry, or to be set. */
  lastAsked: unknown;

  nameOf(remote: string, name: string): string {
    const asked = name || remote;
    return asked.includes(':') ? asked : `${asked}:latest`;
  }

  list(): readonly PluginView[] {
    return [...this.#plugins.values()];
  }

  inspect(reference: string): PluginView {
    const plugin = this.#plugins.get(this.nameOf('', reference));
    if (plugin === undefined) throw new FairleadError('not-found', `plugin ${JSON.stringify(reference)} not found`);
    return plugin;
  }

  async privileges(plugin: RemotePlugin) {
    this.lastAsked = plugin.remote;
    return privileges;
  }

  async *pull(pull: PluginPull): AsyncGenerator<Progress> {
    this.lastAsked = pull.privileges;
    yield { status: `Pulling from ${pull.remote}` };
    this.#add(pull.name);
  }

  async *upgrade(pull: PluginPull): AsyncGenerator<Progress> {
    this.inspect(pull.name);
    yield { status: `Pulling from ${pull.remote}` };
  }

  async create(name: string, archive: AsyncIterable<Uint8Array>): Promise<void> {
    this.lastAsked = Buffer.concat(await Array.fromAsync(archive)).length;
    this.#add(this.nameOf('', name));
  }

  async *push(reference: string): AsyncGenerator<Progress> {
    yield { status: `The push refers to repository [${this.inspect(reference).name}]` };
  }

  async set(reference: string, settings: readonly string[]): Promise<void> {
    this.inspect(reference);
    this.lastAsked = settings;
  }

  async enable(reference: string, timeout: number): Promise<void> {
    this.#change(reference, true);
    this.lastAsked = timeout;
  }

  async disable(reference: string): Promise<void> {
    this.#change(reference, false);
  }

  async remove(reference: string, { force }: { readonly force: boolean }): Promise<void> {
    const { name, enabled } = this.inspect(reference);
    if (enabled && !force) throw new FairleadError('conflict', `plugin ${name} is enabled`);
    this.#plugins.delete(name);
  }

  #add(name: string): void {
    const settings = { Args: [], Devices: [], Env: [], Mounts: [] };
    this.#plugins.set(name, { id: newIdentifier(), name, reference: name, enabled: false, config, settings });
  }

  #change(reference: string, enabled: boolean): void {
    const plugin = this.inspect(reference);
    this.#plugins.set(plugin.name, { ...plugin, enabled });
  }
}
