import { type Logger, messageOf } from '@fairlead/base';
import { PluginSilence } from '@fairlead/plugins';
import type { Debt } from '../model.ts';
import type { NetworkState } from '../state.ts';
import type { PluginPort } from './plugin-port.ts';

/**
 * Tells plugins what they have still to be told. As with Docker nothing is undone when one refuses: what has ended has
 * ended. What could not be told for want of the plugin stays in the store for the next start.
 */
export class Debts {
  readonly #state: NetworkState;
  readonly #plugins: PluginPort;
  readonly #logger: Logger;
  readonly #beingPaid = new Set<string>();

  constructor(state: NetworkState, plugins: PluginPort, logger: Logger) {
    this.#state = state;
    this.#plugins = plugins;
    this.#logger = logger;
  }

  /**
   * Tell what is wanted, in the order in which it came to be. Never rejects.
   *
   * @param patient whether to wait for a plugin that is not there yet.
   */
  async pay(isWanted: (debt: Debt) => boolean, patient = false): Promise<void> {
    const due = [...this.#state.debts].filter((debt) => isWanted(debt) && !this.#beingPaid.has(debt.id));
    for (const { id } of due) this.#beingPaid.add(id);
    for (const debt of due.sort((a, b) => (a.id < b.id ? -1 : 1))) {
      try {
        await this.#payOne(debt, patient);
      } catch (error) {
        this.#logger.warn('plugin not told', { plugin: debt.plugin, ...debt.message, error: messageOf(error) });
      } finally {
        this.#beingPaid.delete(debt.id);
      }
    }
  }

  async #payOne(debt: Debt, patient: boolean): Promise<void> {
    const tell = await this.#way(debt, patient);
    try {
      await tell();
    } catch (error) {
      if (error instanceof PluginSilence) throw error;
      const { plugin, message } = debt;
      this.#logger.warn('plugin refuses', { plugin, ...message, error: messageOf(error) });
    }
    this.#state.debts.delete(debt.id);
  }

  /** @throws FairleadError when there is nobody to tell. */
  async #way({ plugin, message }: Debt, patient: boolean): Promise<() => Promise<void>> {
    if (message.kind === 'release-address' || message.kind === 'release-pool') {
      const driver = await this.#plugins.ipamDriver(plugin, patient);
      return message.kind === 'release-pool'
        ? () => driver.releasePool(message.pool)
        : () => driver.releaseAddress(message.pool, message.address);
    }
    const driver = await this.#plugins.networkDriver(plugin, patient);
    if (message.kind === 'delete-network') return () => driver.deleteNetwork(message.network);
    if (message.kind === 'revoke') return () => driver.revokeExternalConnectivity(message);
    return message.kind === 'leave' ? () => driver.leave(message) : () => driver.deleteEndpoint(message);
  }
}
