import { tableName } from '@fairlead/firewall';
import type { Change, ForeignFilter, KernelObject, NamespaceName } from '@fairlead/netlink';
import { diff } from '../kernel/diff.ts';
import type { BridgeGuest, ConnectionFilter, KernelPort, LinkKind, PortName } from '../kernel-port.ts';
import { playable, Scenery } from './scenery.ts';

/** Namespaces that are like those of the machine, as far as somebody has made them so. */
export interface Stage {
  /** Make what has to be there before; it is no part of the play. */
  prepare(changes: readonly Change[]): Promise<void>;
  apply(changes: readonly Change[]): Promise<void>;
  forgetConnections(filter: ConnectionFilter): Promise<void>;
}

/** A kernel that shows the machine as it is, and makes every change on a stage. */
export class StagedKernel implements KernelPort {
  /** Changes of elements in the table that the host has in any case, in order. */
  readonly elements: Change[] = [];
  readonly #machine: KernelPort;
  readonly #stage: Stage;
  readonly #scenery: Scenery;

  /** @param known what the engine wants of the kernel before the play. */
  constructor(machine: KernelPort, stage: Stage, known: readonly KernelObject[]) {
    this.#machine = machine;
    this.#stage = stage;
    this.#scenery = new Scenery(machine, known);
  }

  async apply(changes: readonly Change[]): Promise<void> {
    const missing = this.#scenery.missingFor(changes);
    if (missing.length > 0) await this.#stage.prepare(diff(missing, []));
    await this.#stage.apply(changes.map(playableChange));
    const isOfHost = ({ object }: Change) =>
      object.kind === 'element' && object.namespace === '' && object.table === tableName;
    this.elements.push(...changes.filter(isOfHost));
  }

  observe(namespace: NamespaceName, kinds?: readonly KernelObject['kind'][]): KernelObject[] {
    return this.#machine.observe(namespace, kinds);
  }

  readSysctl(namespace: NamespaceName, key: string): string | undefined {
    return this.#machine.readSysctl(namespace, key);
  }

  supports(feature: `${LinkKind} links`): boolean {
    return this.#machine.supports(feature);
  }

  namespaces(): NamespaceName[] {
    return this.#machine.namespaces();
  }

  emptyPins(): NamespaceName[] {
    return this.#machine.emptyPins();
  }

  bridgeGuests(bridge: string, isMeant: (port: PortName) => boolean): BridgeGuest[] {
    return this.#machine.bridgeGuests(bridge, isMeant);
  }

  foreignFilters(): ForeignFilter[] {
    return this.#machine.foreignFilters();
  }

  forgetConnections(filter: ConnectionFilter): Promise<void> {
    return this.#stage.forgetConnections(filter);
  }

  /** Nobody watches a play for ever. */
  async watchNews(): Promise<Disposable> {
    return { [Symbol.dispose]: () => {} };
  }

  /** Nobody is told of addresses that are not there. */
  announce(): void {}
}

/** Nobody owns a table on the stage. */
function playableChange(change: Change): Change {
  return change.object.kind === 'table' ? { ...change, object: playable(change.object) } : change;
}
