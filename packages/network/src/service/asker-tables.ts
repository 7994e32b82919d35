import { KeyedMutex, parseIpAddress, settleAll } from '@fairlead/base';
import { serviceTableName } from '@fairlead/firewall';
import type { KernelObject, NamespaceName } from '@fairlead/netlink';
import { diff } from '../kernel/diff.ts';
import { applyThoroughly } from '../kernel/thorough-apply.ts';
import type { KernelPort } from '../kernel-port.ts';
import type { Sandbox } from '../model.ts';
import { allSettled } from '../sandbox/all-settled.ts';
import type { NetworkState } from '../state.ts';
import { askerFragment } from './asker-fragment.ts';

/** A backend that a sandbox does not reach any more. */
interface Gone {
  readonly namespace: NamespaceName;
  readonly address: string;
}

/** Nobody knows what is there. */
const UNREAD: readonly KernelObject[] = [];

/**
 * The tables of sandboxes that ask services by virtual addresses. They hold nothing else, so work on them waits for no other
 * work on their sandbox, which may take as long as a plugin does.
 */
export class AskerTables {
  readonly #state: NetworkState;
  readonly #kernel: KernelPort;
  readonly #turns = new KeyedMutex();
  /** By sandbox; those that are not here have none. */
  readonly #known = new Map<string, readonly KernelObject[]>();

  constructor({ state, kernel }: { readonly state: NetworkState; readonly kernel: KernelPort }) {
    this.#state = state;
    this.#kernel = kernel;
  }

  /**
   * Bring the tables of sandboxes to what is stored: first where new connections go, everywhere, then what becomes of datagrams.
   *
   * @throws what the kernel refuses; the next time goes on there.
   */
  async bring(ids: Iterable<string>): Promise<void> {
    const gone: Gone[] = [];
    try {
      await settleAll([...ids].map((id) => async () => void gone.push(...(await this.#bringOne(id)))));
    } finally {
      // Datagrams to a backend that gets no traffic any more would go on to it for as long as they keep coming.
      await allSettled(
        ...gone.map(({ namespace, address }) =>
          this.#kernel.forgetConnections({ protocol: 'udp', address: parseIpAddress(address) }, namespace),
        ),
      );
    }
  }

  async #bringOne(id: string): Promise<readonly Gone[]> {
    const sandbox = this.#state.sandboxes.get(id);
    if (sandbox === undefined || sandbox.namespace === '') return [];
    return await this.#turns.run(id, async () => {
      const wanted = askerFragment(this.#state, sandbox);
      const known = this.#known.get(id);
      if (wanted.length === 0 && known === undefined) return [];
      try {
        return await this.#change(sandbox, known === UNREAD ? this.#read(sandbox) : (known ?? []), wanted);
      } catch (error) {
        this.#known.set(id, UNREAD);
        if (this.#state.sandboxes.get(id) !== undefined) throw error;
        // It has ended meanwhile, with all that was in it.
        this.#known.delete(id);
        return [];
      }
    });
  }

  /** A sandbox is gone, and its table with it. */
  forget(id: string): void {
    this.#known.delete(id);
  }

  /** Those that are there now are from an earlier life: they are read before their next change. */
  forgetAll(): void {
    for (const { id, namespace } of this.#state.sandboxes) if (namespace !== '') this.#known.set(id, UNREAD);
  }

  /** @returns the backends that there are none of any more. */
  async #change(
    { id, namespace }: Sandbox,
    before: readonly KernelObject[],
    wanted: readonly KernelObject[],
  ): Promise<readonly Gone[]> {
    await applyThoroughly(this.#kernel, diff(wanted, before));
    if (wanted.length === 0) this.#known.delete(id);
    else this.#known.set(id, wanted);
    const staying = backendsIn(wanted);
    return [...backendsIn(before).difference(staying)].map((address) => ({ namespace, address }));
  }

  #read({ namespace }: Sandbox): KernelObject[] {
    return this.#kernel
      .observe(namespace, ['table', 'element'])
      .filter(
        (object) =>
          (object.kind === 'table' && object.definition.name === serviceTableName) ||
          (object.kind === 'element' && object.table === serviceTableName),
      );
  }
}

function backendsIn(objects: readonly KernelObject[]): Set<string> {
  return new Set(objects.flatMap((object) => (object.kind === 'element' ? (object.value ?? []) : [])));
}
