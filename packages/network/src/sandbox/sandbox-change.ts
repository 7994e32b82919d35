import { isDeepStrictEqual } from 'node:util';
import { messageOf, settleAll } from '@fairlead/base';
import type { KernelObject } from '@fairlead/netlink';
import { diff } from '../kernel/diff.ts';
import { applyThoroughly } from '../kernel/thorough-apply.ts';
import type { Sandbox } from '../model.ts';
import { noteAbsentAddresses } from '../port/absent-addresses.ts';
import { newlyJudged, newlyOpen } from '../port/port-changes.ts';
import type { PortMapping } from '../port/port-model.ts';
import { isOffHost, type Joined } from '../route/gateway.ts';
import { allSettled } from './all-settled.ts';
import { payDebts } from './plugin-duties.ts';
import type { SandboxesContext, Snapshot } from './sandbox-context.ts';
import { forgetStrays } from './stale-connections.ts';

/** Brings a sandbox from how it was to what is stored of it, and back. */
export class SandboxChange {
  readonly #context: SandboxesContext;

  constructor(context: SandboxesContext) {
    this.#context = context;
  }

  /** Bring ports, name service and kernel from how they were to what is stored now, and store what came of it. */
  async carryOut(before: Snapshot): Promise<Sandbox> {
    const { state, kernel, records, ports } = this.#context;
    const { id } = before.sandbox;
    const wanted = state.sandbox(id);
    const joined = state.joined(id);
    const linked = state.fragment(wanted);
    const changes = diff(linked, before.fragment);
    // The links are made while the other process binds sockets: its answers are read after this turn of the event loop.
    const [resolver, mappings] = await allSettled(
      records.serve(wanted, joined),
      ports.settle(wanted, joined),
      kernel.apply(changes),
    );
    const ready = this.#store(wanted, resolver, mappings);
    if (wanted.ports.length > 0 && isOffHost(joined)) {
      this.#context.logger.warn('published ports passed over: the way out is no bridge', { sandbox: id });
    }
    noteAbsentAddresses(kernel, this.#context.logger, mappings);
    if (ready !== wanted) await kernel.apply(diff(state.fragment(ready), linked));
    await forgetStrays(kernel, [...newlyOpen(before.sandbox.mappings, mappings, 'udp'), ...newlyJudged(changes)]);
    return ready;
  }

  #store(wanted: Sandbox, resolver: Sandbox['resolver'], mappings: readonly PortMapping[]): Sandbox {
    const unchanged = mappings === wanted.mappings && wanted.unsettled !== true;
    if (unchanged && (resolver === undefined || isDeepStrictEqual(resolver, wanted.resolver))) return wanted;
    const { unsettled: _, ...settled } = wanted;
    return this.#context.state.sandboxes.put({ ...settled, mappings, ...(resolver && { resolver }) });
  }

  /**
   * Put everything back as it was; what cannot be is put right by the next reconciliation. Never rejects.
   *
   * @param undo takes back what was stored besides the sandbox and endpoints.
   * @param added endpoints that there were none of before.
   * @param reached what the kernel may have by now.
   */
  async takeBack(
    before: Snapshot,
    undo: () => void,
    added: readonly Joined[],
    reached: readonly KernelObject[] = this.fragment(before.sandbox.id),
  ): Promise<void> {
    const { state, kernel, ports, records, lans } = this.#context;
    const { sandbox, joined, fragment } = before;
    const unsettled = state.sandbox(sandbox.id).ports.length > 0 || sandbox.mappings.length > 0;
    state.store.transaction(() => {
      // What plugins have been asked for, they have to be told that nobody wants.
      for (const { endpoint } of added) state.dropEndpoint(endpoint);
      undo();
      state.sandboxes.put(unsettled ? { ...sandbox, unsettled } : sandbox);
    });
    await this.quietly('change not taken back completely', () =>
      settleAll([
        ...added.map((item) => () => records.withdraw(item)),
        () => payDebts(this.#context, added, ['revoke', 'leave']),
        () => lans.end(added),
        () => applyThoroughly(kernel, diff(fragment, reached)),
        () => payDebts(this.#context, added, ['delete-endpoint']),
        async () => {
          if (!unsettled) return;
          await ports.restore(sandbox, joined);
          state.sandboxes.put(sandbox);
        },
        () => (sandbox.resolver ? records.serve(sandbox, joined) : records.close(sandbox.id)),
      ]),
    );
  }

  /** The gateway is another one now, or gone. A port that cannot be had there is no reason to stay on a network. */
  async movePorts(id: string): Promise<void> {
    const { state, kernel, ports, logger } = this.#context;
    const { sandbox, joined, fragment } = this.snapshot(id);
    if (sandbox.unsettled !== true) return;
    try {
      const ready = this.#store(sandbox, undefined, await ports.settle(sandbox, joined));
      await kernel.apply(diff(state.fragment(ready), fragment));
    } catch (error) {
      logger.warn('published ports lost with their gateway', { sandbox: id, error: messageOf(error) });
      state.sandboxes.put({ ...sandbox, mappings: [] });
      await ports.release(id);
      await applyThoroughly(kernel, diff(this.fragment(id), fragment));
    }
  }

  /** Say that the host ports of a sandbox are about to change; to be called in the transaction of the change. */
  unsettle(sandbox: Sandbox): void {
    if (sandbox.ports.length === 0 && sandbox.mappings.length === 0) return;
    this.#context.state.sandboxes.put({ ...sandbox, unsettled: true });
  }

  /** How a sandbox is now. @throws FairleadError `not-found`. */
  snapshot(id: string): Snapshot {
    const { state } = this.#context;
    const sandbox = state.sandbox(id);
    return { sandbox, joined: state.joined(id), fragment: state.fragment(sandbox) };
  }

  /** What a sandbox asks of the kernel now. */
  fragment(id: string): KernelObject[] {
    const { state } = this.#context;
    return state.fragment(state.sandbox(id));
  }

  /** Do what is no reason to fail; it is logged instead. */
  async quietly(message: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#context.logger.error(message, { error: messageOf(error) });
    }
  }
}
