import { type Logger, messageOf } from '@fairlead/base';
import { Courtesy, PluginSilence } from '@fairlead/plugins';
import type { NetworkState } from '../state.ts';
import type { PluginPort } from './plugin-port.ts';
import type { Debt } from './remote-model.ts';

/** Debts to one plugin that are being paid. */
interface Telling {
  readonly plugin: string;
  readonly abouts: ReadonlySet<string>;
  readonly over: Promise<void>;
}

/**
 * Tells plugins what they have still to be told. As with Docker nothing is undone when one refuses: what has ended has
 * ended. What could not be told for want of the plugin stays in the store for the next start.
 */
export class Debts {
  readonly #state: NetworkState;
  readonly #plugins: PluginPort;
  readonly #logger: Logger;
  readonly #beingPaid = new Set<string>();
  readonly #tellings = new Set<Telling>();
  readonly #courtesy = new Courtesy();

  constructor(state: NetworkState, plugins: PluginPort, logger: Logger) {
    this.#state = state;
    this.#plugins = plugins;
    this.#logger = logger;
  }

  /**
   * Tell what is wanted, in the order in which it came to be. Never rejects. Resolves when all has been told, or when a plugin
   * has not answered for so long that nobody should wait for it: it goes on being told.
   *
   * @param patient whether to wait for a plugin that is not there yet, and for every answer.
   */
  async pay(isWanted: (debt: Debt) => boolean, patient = false): Promise<void> {
    const due = [...this.#state.debts].filter((debt) => isWanted(debt) && !this.#beingPaid.has(debt.id));
    for (const { id } of due) this.#beingPaid.add(id);
    due.sort((a, b) => (a.id < b.id ? -1 : 1));
    const byPlugin = Map.groupBy(due, ({ plugin }) => plugin);
    await Promise.all([...byPlugin].map(([plugin, debts]) => this.#payPlugin(plugin, debts, patient)));
  }

  async #payPlugin(plugin: string, debts: readonly Debt[], patient: boolean): Promise<void> {
    const abouts = new Set(debts.map(({ about }) => about));
    const concludes = debts.some(({ message: { kind } }) => kind === 'delete-network' || kind === 'release-pool');
    const isBefore = (other: Telling) => other.plugin === plugin && (concludes || !abouts.isDisjointFrom(other.abouts));
    const before = [...this.#tellings].filter(isBefore).map(({ over }) => over);
    const over = Promise.all(before).then(() => this.#tell(debts, patient));
    const telling = { plugin, abouts, over };
    this.#tellings.add(telling);
    const told = over.then(() => this.#tellings.delete(telling));
    await (patient ? told : this.#courtesy.wait(plugin, told));
  }

  async #tell(debts: readonly Debt[], patient: boolean): Promise<void> {
    for (const debt of debts) {
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
      const driver = await this.#plugins.ipamDriver(plugin, { patient });
      return message.kind === 'release-pool'
        ? () => driver.releasePool(message.pool)
        : () => driver.releaseAddress(message.pool, message.address);
    }
    const driver = await this.#plugins.networkDriver(plugin, { patient });
    if (message.kind === 'delete-network') return () => driver.deleteNetwork(message.network);
    if (message.kind === 'revoke') return () => driver.revokeExternalConnectivity(message);
    return message.kind === 'leave' ? () => driver.leave(message) : () => driver.deleteEndpoint(message);
  }
}
