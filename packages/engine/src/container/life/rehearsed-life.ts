import type { NetworkController } from '@fairlead/network';
import type { Container } from '../../model.ts';
import type { RehearsedContainers } from '../../rehearsal-port.ts';
import { isAlive } from '../container-state.ts';
import type { ContainerTable } from '../container-table.ts';
import {
  requireKillable,
  requireNotRemoving,
  requirePausable,
  requirePaused,
  requireStartable,
  requireStopped,
  requireUp,
} from './life-rules.ts';
import type { SandboxStart } from './sandbox-start.ts';
import { parseSignal } from './signal.ts';
import { findToKill, SIGKILL, SIGTERM } from './signalling.ts';

type StopOptions = Parameters<RehearsedContainers['stop']>[1];

/** What {@link RehearsedLife} works with: copies, all of them. */
export interface RehearsedLifeParts {
  readonly table: ContainerTable;
  readonly start: SandboxStart;
  readonly network: NetworkController;
  readonly operation: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  /** Told what is done that is no change of the network. */
  readonly note: (text: string) => void;
}

/** Starts and ends of containers as far as the network goes: processes are taken to do what they are asked for. */
export class RehearsedLife implements RehearsedContainers {
  readonly #parts: RehearsedLifeParts;

  constructor(parts: RehearsedLifeParts) {
    this.#parts = parts;
  }

  async start(reference: string): Promise<void> {
    const container = this.#parts.table.find(reference);
    requireStartable(container);
    await this.begin(container);
  }

  async stop(reference: string, options: StopOptions = {}): Promise<void> {
    const container = this.#parts.table.find(reference);
    requireUp(container);
    parseSignal(options.signal || container.config.stopSignal || SIGTERM);
    await this.#end(container);
    if (container.config.host.autoRemove) await this.#forget(container);
  }

  async restart(reference: string, options: StopOptions = {}): Promise<void> {
    const { table } = this.#parts;
    const container = table.find(reference);
    parseSignal(options.signal || container.config.stopSignal || SIGTERM);
    if (isAlive(container)) await this.#end(container);
    await this.begin(table.find(container.id));
  }

  /** What a program makes of any other signal than the one that it cannot refuse, nobody knows. */
  async kill(reference: string, signal = ''): Promise<void> {
    const { table, note } = this.#parts;
    const { container, number } = findToKill(table, reference, signal);
    requireKillable(container, reference);
    if (number !== SIGKILL)
      return note(`its process gets signal ${number}; nothing of the network changes unless it ends`);
    await this.#end(container);
    if (container.config.host.autoRemove) await this.#forget(container);
  }

  async remove(reference: string, { force = false }: { readonly force?: boolean } = {}): Promise<void> {
    const container = this.#parts.table.find(reference);
    requireNotRemoving(container, reference);
    if (!force) requireStopped(container);
    if (isAlive(container)) await this.#end(container);
    await this.#forget(container);
  }

  async pause(reference: string): Promise<void> {
    requirePausable(this.#parts.table.find(reference));
    this.#parts.note('its processes are frozen where they are; nothing of the network changes');
  }

  async unpause(reference: string): Promise<void> {
    requirePaused(this.#parts.table.find(reference));
    this.#parts.note('its processes go on; nothing of the network changes');
  }

  /** The network's part in a start. */
  async begin(container: Container): Promise<void> {
    const { start, operation } = this.#parts;
    await operation(`start ${container.name}`, async () => {
      const plan = await start.plan(container);
      await start.join(await start.open(container, plan), plan);
    });
  }

  async #end(container: Container): Promise<void> {
    const { id, name } = container;
    const { table, start, operation, note } = this.#parts;
    note('its process ends');
    table.setState(id, { status: 'exited', pid: 0 });
    await operation(`end ${name}`, () => start.leave(container));
  }

  /** Those who share its sandbox go on in it, but its ports were its own. */
  async #forget({ id, name, sandbox }: Container): Promise<void> {
    const { table, network, operation, note } = this.#parts;
    note('its files are removed');
    table.delete(id);
    const left = sandbox === undefined ? undefined : network.sandbox(sandbox);
    if (left?.owner !== id) network.releaseLeases(id);
    else if (left.ports.length > 0) await operation(`end ${name}`, () => network.publish(left.id, []));
  }
}
