import { settleAll } from '@fairlead/base';
import { isPlugged, type JoinRequest, makeEndpoints } from '../endpoint/endpoint-factory.ts';
import { requireValidEndpoint } from '../endpoint/endpoint-rules.ts';
import { diff, removals } from '../kernel/diff.ts';
import { applyThoroughly } from '../kernel/thorough-apply.ts';
import { isLan } from '../lan/lan-network.ts';
import type { Endpoint, EndpointConfig, Network, Sandbox } from '../model.ts';
import { growNetworks, takeBackGrowth } from '../network/segment-growth.ts';
import { addressesOfHost } from '../port/absent-addresses.ts';
import type { PortBinding } from '../port/port-model.ts';
import type { RemoteNetworks } from '../remote/remote-networks.ts';
import type { Joined } from '../route/gateway.ts';
import { leadPorts, payDebts } from './plugin-duties.ts';
import { SandboxChange } from './sandbox-change.ts';
import {
  namespaceName,
  newSandbox,
  type SandboxesContext,
  type SandboxRequest,
  type Snapshot,
} from './sandbox-context.ts';
import { forgetEndpoints } from './stale-connections.ts';

/**
 * Sandboxes and their endpoints. Every method stores what is intended before it touches the kernel. What builds up takes
 * back what it did when a step fails; what tears down goes on to the end and reports then.
 */
export class Sandboxes {
  readonly #context: SandboxesContext;
  readonly #change: SandboxChange;

  constructor(context: SandboxesContext) {
    this.#context = context;
    this.#change = new SandboxChange(context);
  }

  /** Make the namespace; the runtime can start to use it while {@link join} goes on. */
  async open(request: SandboxRequest): Promise<Sandbox> {
    const { state, kernel } = this.#context;
    const namespace = request.mode === 'host' ? '' : namespaceName(this.#context, request);
    const sandbox = state.sandboxes.put(newSandbox(request, namespace));
    const fragment = state.fragment(sandbox);
    try {
      await kernel.apply(diff(fragment, []));
    } catch (error) {
      state.sandboxes.delete(sandbox.id);
      await this.#change.quietly('namespace not taken back', () => applyThoroughly(kernel, removals(fragment)));
      throw error;
    }
    return sandbox;
  }

  /**
   * Join networks in the order given: addresses, interfaces, ways out, host ports and names; complete when it resolves.
   *
   * @param signal gives up to wait for addresses of a LAN and for plugins.
   * @throws FairleadError in Docker's words. The sandbox is as it was before then.
   */
  async join(id: string, requests: readonly JoinRequest[], signal?: AbortSignal): Promise<readonly Endpoint[]> {
    const { state, announcements, emit } = this.#context;
    const remote = requests.some(({ network }) => isPlugged(network)) ? await this.#context.remote?.() : undefined;
    const unlease = await remote?.lease(state.sandbox(id).owner, requests, signal);
    const before = this.#change.snapshot(id);
    let added: readonly Joined[];
    try {
      added = await this.#join(before, requests, remote, signal);
    } catch (error) {
      await unlease?.();
      throw error;
    }
    for (const item of added) {
      announcements.begin(item, before.sandbox.namespace);
      emit({ action: 'connect', network: item.network, container: before.sandbox.owner });
    }
    return added.map(({ endpoint }) => endpoint);
  }

  async #join(
    before: Snapshot,
    requests: readonly JoinRequest[],
    remote: RemoteNetworks | undefined,
    signal: AbortSignal | undefined,
  ): Promise<readonly Joined[]> {
    const { state, kernel, records, capacity, guests } = this.#context;
    const { id } = before.sandbox;
    const company = (network: Network) =>
      network.parent === undefined ? guests.companyOf(network) : { kept: new Set(addressesOfHost(kernel)) };
    const surroundings = { capacity, company };
    const { added, grown, undo } = state.store.transaction(() => {
      this.#change.unsettle(before.sandbox);
      return makeEndpoints(state, before.sandbox, requests, surroundings);
    });
    const growth = growNetworks(state, kernel, grown);
    const current = () =>
      state.joined(id).filter(({ endpoint }) => added.some((item) => item.endpoint.id === endpoint.id));
    try {
      await growth;
      await remote?.connect(before.sandbox, added, signal);
      await this.#change.carryOut(before);
      if (added.some(({ network }) => isLan(network))) await this.#askLans(before.sandbox, added, signal);
      await leadPorts(this.#context, id, signal);
      await records.publish(state.sandbox(id), current());
    } catch (error) {
      await this.#change.takeBack(before, undo, current());
      await this.#change.quietly('bridges not taken back', () => takeBackGrowth(state, kernel, grown));
      throw error;
    }
    return current();
  }

  /** The links are there, and LANs can be asked over them; what they say follows. */
  async #askLans({ id, namespace }: Sandbox, added: readonly Joined[], signal: AbortSignal | undefined): Promise<void> {
    const linked = this.#change.snapshot(id);
    await this.#context.lans.obtain(namespace, added, signal);
    await this.#change.carryOut(linked);
  }

  /**
   * Leave a network; gateway and ports move to what is left. The lease goes with it.
   *
   * @param signal gives up a plugin that is the way out now and does not answer.
   */
  async leave(endpointId: string, signal?: AbortSignal): Promise<void> {
    const { state, kernel, records, announcements, lans, emit } = this.#context;
    const endpoint = state.endpoints.get(endpointId);
    if (endpoint === undefined) return;
    announcements.end(endpointId);
    const { sandbox, fragment } = this.#change.snapshot(endpoint.sandbox);
    const network = state.networks.get(endpoint.network);
    state.store.transaction(() => {
      this.#change.unsettle(sandbox);
      state.dropEndpoint(endpoint);
      state.releaseLease(endpoint.network, endpoint.owner);
    });
    const left = network ? [{ endpoint, network }] : [];
    try {
      await settleAll([
        () => network && records.withdraw({ endpoint, network }),
        () => lans.end(left),
        () => payDebts(this.#context, left, ['revoke', 'leave']),
        () => applyThoroughly(kernel, diff(this.#change.fragment(sandbox.id), fragment)),
        () => payDebts(this.#context, left, ['delete-endpoint', 'release-address']),
        () => this.#change.movePorts(sandbox.id),
        () =>
          this.#change.quietly('plugin not told of its way out', () => leadPorts(this.#context, sandbox.id, signal)),
        () => records.serve(sandbox, state.joined(sandbox.id)),
        () => forgetEndpoints(kernel, [endpoint]),
      ]);
    } finally {
      if (network) emit({ action: 'disconnect', network, container: sandbox.owner });
    }
  }

  /**
   * Change something that sandboxes are made of, and bring them to it.
   *
   * @param change stores the change, applies what is not theirs, and takes back what it stored and applied.
   * @throws the first failure; everything is as it was then.
   */
  async follow(
    ids: readonly string[],
    change: { readonly store: () => void; readonly apply: () => Promise<void>; readonly undo: () => Promise<void> },
  ): Promise<void> {
    const { state } = this.#context;
    const before = ids.map((id) => this.#change.snapshot(id));
    state.store.transaction(() => {
      change.store();
      for (const { sandbox } of before) this.#change.unsettle(sandbox);
    });
    let begun = 0;
    try {
      await change.apply();
      for (const each of before) {
        begun++;
        await this.#change.carryOut(each);
      }
    } catch (error) {
      const reached = before.map(({ sandbox, fragment }, at) =>
        at < begun ? this.#change.fragment(sandbox.id) : fragment,
      );
      await this.#change.quietly('change not taken back completely', change.undo);
      for (const [at, each] of before.entries()) await this.#change.takeBack(each, () => {}, [], reached[at]);
      throw error;
    }
  }

  /**
   * Containers of a network may talk from now on. Who has asked for a neighbour in vain would wait for the last of three
   * seconds and give up what it has to send (net/core/neighbour.c): all are told where everybody is.
   */
  introduce(endpoints: readonly Endpoint[]): void {
    const { state, announcements } = this.#context;
    for (const endpoint of endpoints) announcements.repeat(endpoint, state.sandbox(endpoint.sandbox).namespace);
  }

  /**
   * Give an endpoint other options, of those that can change while it is there.
   *
   * @throws FairleadError `invalid-argument`; the kernel's refusal; it stays as it was then.
   */
  async configure(endpointId: string, config: EndpointConfig): Promise<void> {
    const { state, kernel } = this.#context;
    const endpoint = state.endpoints.get(endpointId);
    const network = endpoint && state.networks.get(endpoint.network);
    if (endpoint === undefined || network === undefined) return;
    requireValidEndpoint(network, config);
    const { sandbox, fragment } = this.#change.snapshot(endpoint.sandbox);
    state.endpoints.put({ ...endpoint, config });
    try {
      await kernel.apply(diff(this.#change.fragment(sandbox.id), fragment));
    } catch (error) {
      const reached = this.#change.fragment(sandbox.id);
      state.endpoints.put(endpoint);
      await this.#change.quietly('options not taken back', () => applyThoroughly(kernel, diff(fragment, reached)));
      throw error;
    }
  }

  /**
   * Change the published ports of a sandbox, used or not.
   *
   * @param signal gives up a plugin that does not answer.
   * @throws FairleadError when a port cannot be had; the old ones stay then.
   */
  async publish(id: string, ports: readonly PortBinding[], signal?: AbortSignal): Promise<Sandbox> {
    const { state } = this.#context;
    const before = this.#change.snapshot(id);
    state.sandboxes.put({ ...before.sandbox, ports, unsettled: true });
    try {
      const sandbox = await this.#change.carryOut(before);
      await leadPorts(this.#context, id, signal, true);
      return sandbox;
    } catch (error) {
      await this.#change.takeBack(before, () => {}, []);
      throw error;
    }
  }

  /** Take a sandbox away with everything in it. */
  async close(id: string): Promise<void> {
    const { state, kernel, records, ports, announcements, lans, emit } = this.#context;
    if (state.sandboxes.get(id) === undefined) return;
    const { sandbox, joined, fragment } = this.#change.snapshot(id);
    for (const { endpoint } of joined) announcements.end(endpoint.id);
    state.dropSandbox(id);
    try {
      await settleAll([
        () => payDebts(this.#context, joined, ['revoke', 'leave']),
        () => lans.end(joined),
        () => applyThoroughly(kernel, removals(fragment)),
        () => payDebts(this.#context, joined, ['delete-endpoint']),
        ...joined.map((item) => () => records.withdraw(item)),
        () => (sandbox.resolver ? records.close(id) : undefined),
        () => (sandbox.ports.length > 0 || sandbox.mappings.length > 0 ? ports.release(id) : undefined),
        () =>
          forgetEndpoints(
            kernel,
            joined.map(({ endpoint }) => endpoint),
          ),
      ]);
    } finally {
      for (const { network } of joined) emit({ action: 'disconnect', network, container: sandbox.owner });
    }
  }

  /** A container has another name: its names on every network follow at once. Its namespace keeps the old one. */
  async rename(id: string, ownerName: string): Promise<void> {
    const { state, records } = this.#context;
    const former = state.sandbox(id).ownerName;
    const store = (name: string) =>
      state.store.transaction(() => {
        state.sandboxes.put({ ...state.sandbox(id), ownerName: name });
        for (const endpoint of state.endpoints.inSandbox(id)) state.endpoints.put({ ...endpoint, ownerName: name });
      });
    store(ownerName);
    try {
      await records.publish(state.sandbox(id), state.joined(id));
    } catch (error) {
      store(former);
      await this.#change.quietly('names not taken back', () => records.publish(state.sandbox(id), state.joined(id)));
      throw error;
    }
  }
}
