import { FairleadError, type Logger } from '@fairlead/base';
import { RemoteIpamDriver } from './ipam-driver.ts';
import { RemoteNetworkDriver } from './network-driver.ts';
import { type Patience, type PluginCaller, PluginClient } from './plugin-client.ts';
import { findPlugin, type PluginPlaces } from './plugin-directory.ts';

/** What a plugin can say that it is. */
type PluginKind = 'NetworkDriver' | 'IpamDriver';

/** Finds plugins by name, asks each once what it is, and remembers it. */
export class PluginRegistry {
  readonly #places: PluginPlaces;
  readonly #patience: Patience;
  readonly #logger: Logger;
  readonly #active = new Map<string, Promise<ActivePlugin>>();

  constructor(places: PluginPlaces, logger: Logger, patience: Patience = { connecting: 30, answering: 60 }) {
    this.#places = places;
    this.#patience = patience;
    this.#logger = logger;
  }

  /**
   * @param patient whether a plugin that does not open the door is tried again.
   * @throws FairleadError `not-found` when there is none of that name, or it drives no networks.
   */
  async networkDriver(name: string, patient = true): Promise<RemoteNetworkDriver> {
    return new RemoteNetworkDriver(await this.#get(name, 'NetworkDriver', patient));
  }

  /**
   * @param patient as for {@link networkDriver}.
   * @throws FairleadError `not-found` when there is none of that name, or it gives no addresses.
   */
  async ipamDriver(name: string, patient = true): Promise<RemoteIpamDriver> {
    return new RemoteIpamDriver(await this.#get(name, 'IpamDriver', patient));
  }

  async #get(name: string, kind: PluginKind, patient: boolean): Promise<PluginCaller> {
    const { client, kinds } = await this.#activate(name, patient);
    if (kinds.includes(kind)) return patient ? client : { call: (method, body) => client.callOnce(method, body) };
    const reason = 'Plugin does not implement the requested driver';
    throw new FairleadError(
      'not-found',
      `${reason}: plugin=${JSON.stringify(name)}, requested implementation=${JSON.stringify(kind)}`,
    );
  }

  async #activate(name: string, patient: boolean): Promise<ActivePlugin> {
    const address = findPlugin(name, this.#places);
    if (address === undefined) {
      this.#active.delete(name);
      throw new FairleadError('not-found', `could not find plugin ${name} in v1 plugin registry: plugin not found`);
    }
    const known = this.#active.get(name);
    // Where it listens may have changed since.
    if (known !== undefined && (await known.catch(() => undefined))?.place === JSON.stringify(address))
      return await known;
    const client = new PluginClient(address, this.#patience, this.#logger);
    const asked = patient ? client.call('Plugin.Activate') : client.callOnce('Plugin.Activate');
    const activation = asked.then((answer) => ({ client, place: JSON.stringify(address), kinds: implemented(answer) }));
    this.#active.set(name, activation);
    // One that does not answer may answer the next time.
    activation.catch(() => this.#active.delete(name));
    return await activation;
  }
}

interface ActivePlugin {
  readonly client: PluginClient;
  readonly place: string;
  readonly kinds: readonly string[];
}

function implemented(answer: unknown): string[] {
  const list = typeof answer === 'object' && answer !== null && 'Implements' in answer ? answer.Implements : [];
  return Array.isArray(list) ? list.filter((kind) => typeof kind === 'string') : [];
}
