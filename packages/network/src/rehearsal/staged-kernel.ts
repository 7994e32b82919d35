import { isHostTable } from '@fairlead/firewall';
import type { Change, KernelObject, NamespaceName } from '@fairlead/netlink';
import { DelegatingKernel } from '../kernel/delegating-kernel.ts';
import { diff } from '../kernel/diff.ts';
import type { ConnectionFilter, KernelPort } from '../kernel-port.ts';
import { playable, Scenery } from './scenery.ts';

/** Namespaces that are like those of the machine, as far as somebody has made them so. */
export interface Stage {
  /** Make what has to be there before; it is no part of the play. */
  prepare(changes: readonly Change[]): Promise<void>;
  apply(changes: readonly Change[]): Promise<void>;
  forgetConnections(filter: ConnectionFilter, namespace?: NamespaceName): Promise<void>;
}

/** A kernel that shows the machine as it is, and makes every change on a stage. */
export class StagedKernel extends DelegatingKernel {
  /** Changes of elements in the tables that the host has in any case, in order. */
  readonly elements: Change[] = [];
  readonly #stage: Stage;
  readonly #scenery: Scenery;

  /** @param known what the engine wants of the kernel before the play. */
  constructor(machine: KernelPort, stage: Stage, known: readonly KernelObject[]) {
    super(machine);
    this.#stage = stage;
    this.#scenery = new Scenery(machine, known);
  }

  override async apply(changes: readonly Change[]): Promise<void> {
    const missing = this.#scenery.missingFor(changes);
    if (missing.length > 0) await this.#stage.prepare(diff(missing, []));
    await this.#stage.apply(changes.map(playableChange));
    const isOfHost = ({ object }: Change) =>
      object.kind === 'element' && object.namespace === '' && isHostTable(object.table);
    this.elements.push(...changes.filter(isOfHost));
  }

  override forgetConnections(filter: ConnectionFilter, namespace?: NamespaceName): Promise<void> {
    return this.#stage.forgetConnections(filter, namespace);
  }

  /** Nobody watches a play for ever. */
  override async watchNews(): Promise<Disposable> {
    return { [Symbol.dispose]: () => {} };
  }

  /** Nobody is told of addresses that are not there. */
  override announce(): void {}
}

/** Nobody owns a table on the stage. */
function playableChange(change: Change): Change {
  return change.object.kind === 'table' ? { ...change, object: playable(change.object) } : change;
}
