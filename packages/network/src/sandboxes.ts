import { FairleadError, newIdentifier, settleAll } from '@fairlead/base';
import type { KernelObject } from '@fairlead/netlink';
import { randomMac } from './address-book.ts';
import { diff, removals } from './diff.ts';
import { requireValidEndpoint } from './endpoint-rules.ts';
import { electGateways, type Joined } from './gateway.ts';
import type { KernelPort } from './kernel-port.ts';
import type { DnsConfig, Endpoint, EndpointConfig, Network, NetworkEvent, PortBinding, Sandbox } from './model.ts';
import type { NameRecords } from './name-records.ts';
import type { NameServicePort } from './name-service-port.ts';
import type { PortBook } from './port-book.ts';
import type { NetworkState } from './state.ts';

/** What {@link Sandboxes} works with. */
export interface SandboxesContext {
  readonly state: NetworkState;
  readonly kernel: KernelPort;
  readonly names: NameServicePort;
  readonly records: NameRecords;
  readonly ports: PortBook;
  readonly namespacePrefix: string;
  readonly emit: (event: NetworkEvent) => void;
}

/** A sandbox that is wanted. */
export interface SandboxRequest {
  readonly owner: string;
  readonly ownerName: string;
  /** `host` shares the host's namespace and asks nothing of the kernel. */
  readonly mode: 'own' | 'host';
  readonly ports: readonly PortBinding[];
  readonly dns: DnsConfig;
}

/** A network that a sandbox shall join. */
export interface JoinRequest {
  readonly network: Network;
  readonly hostname: string;
  readonly config: EndpointConfig;
}

/**
 * Sandboxes and their endpoints. Every method stores what is intended before it touches the kernel, and takes back what
 * it did when a step fails.
 */
export class Sandboxes {
  readonly #context: SandboxesContext;

  constructor(context: SandboxesContext) {
    this.#context = context;
  }

  /** Make the namespace; the runtime can start to use it while {@link join} goes on. */
  async open(request: SandboxRequest): Promise<Sandbox> {
    const { state, kernel } = this.#context;
    const sandbox = state.sandboxes.put({
      id: newIdentifier(),
      owner: request.owner,
      ownerName: request.ownerName,
      namespace: request.mode === 'host' ? '' : this.#namespaceName(request),
      ports: request.ports,
      mappings: [],
      dns: request.dns,
    });
    try {
      await kernel.apply(diff(state.fragment(sandbox), []));
    } catch (error) {
      state.sandboxes.delete(sandbox.id);
      throw error;
    }
    return sandbox;
  }

  /**
   * Join networks in the order given: addresses, interfaces, ways out, host ports and names; complete when it resolves.
   *
   * @throws FairleadError in Docker's words. The sandbox is as it was before then.
   */
  async join(id: string, requests: readonly JoinRequest[]): Promise<Endpoint[]> {
    const { state, kernel, records, emit } = this.#context;
    const sandbox = state.sandbox(id);
    const before = state.fragment(sandbox);
    const added = this.#createEndpoints(sandbox, requests);
    try {
      // The links are made while the other process binds sockets: it answers only after this turn of the event loop.
      const joined = state.joined(id);
      const [resolver, mappings] = await settleBoth(records.serve(sandbox, joined), this.#ports(sandbox, joined), () =>
        kernel.apply(diff(state.fragment(sandbox), before)),
      );
      const linked = state.fragment(sandbox);
      const ready = state.sandboxes.put({ ...state.sandbox(id), mappings, ...(resolver && { resolver }) });
      await kernel.apply(diff(state.fragment(ready), linked));
      await records.publish(added);
    } catch (error) {
      await this.#takeBack(sandbox, before, added);
      throw error;
    }
    for (const { network } of added) emit({ action: 'connect', network, container: sandbox.owner });
    return added.map(({ endpoint }) => endpoint);
  }

  /** Leave a network; gateway and ports move to what is left. The lease goes with it. */
  async leave(endpointId: string): Promise<void> {
    const { state, kernel, records, emit } = this.#context;
    const endpoint = state.endpoints.get(endpointId);
    if (endpoint === undefined) return;
    const sandbox = state.sandbox(endpoint.sandbox);
    const network = state.networks.get(endpoint.network);
    const before = state.fragment(sandbox);
    state.store.transaction(() => {
      state.endpoints.delete(endpoint);
      state.addresses.release(endpoint.network, endpoint.owner);
    });
    const joined = state.joined(sandbox.id);
    const mappings = await this.#ports(sandbox, joined);
    const after = state.sandboxes.put({ ...sandbox, mappings });
    await settleAll([
      () => network && records.withdraw({ endpoint, network }),
      () => records.serve(after, joined),
      () => kernel.apply(diff(state.fragment(after), before)),
      () => this.#forgetConnections([endpoint]),
    ]);
    if (network) emit({ action: 'disconnect', network, container: sandbox.owner });
  }

  /**
   * Change the published ports of a sandbox, used or not.
   *
   * @throws FairleadError when a port cannot be had; the old ones stay then.
   */
  async publish(id: string, ports: readonly PortBinding[]): Promise<Sandbox> {
    const { state } = this.#context;
    const sandbox = state.sandbox(id);
    const before = state.fragment(sandbox);
    await this.#context.ports.release(id);
    try {
      return await this.#settlePorts({ ...sandbox, ports }, before);
    } catch (error) {
      await this.#settlePorts(sandbox, before);
      throw error;
    }
  }

  /** Take a sandbox away with everything in it; tear-down goes on after a failure and reports at the end. */
  async close(id: string): Promise<void> {
    const { state, kernel, names, ports, emit } = this.#context;
    const sandbox = state.sandboxes.get(id);
    if (sandbox === undefined) return;
    const joined = state.joined(id);
    const fragment = state.fragment(sandbox);
    state.dropSandbox(id);
    await settleAll([
      () => kernel.apply(removals(fragment)),
      () => (sandbox.mappings.length > 0 ? ports.release(id) : undefined),
      ...joined.map((item) => () => this.#context.records.withdraw(item)),
      () => (sandbox.resolver ? names.closeSandbox(id) : undefined),
      () => this.#forgetConnections(joined.map(({ endpoint }) => endpoint)),
    ]);
    for (const { network } of joined) emit({ action: 'disconnect', network, container: sandbox.owner });
  }

  /** A container has another name: its names on every network follow at once. */
  async rename(id: string, ownerName: string): Promise<void> {
    const { state, records } = this.#context;
    state.sandboxes.put({ ...state.sandbox(id), ownerName });
    for (const endpoint of state.endpoints.inSandbox(id)) state.endpoints.put({ ...endpoint, ownerName });
    await records.publish(state.joined(id));
  }

  #createEndpoints(sandbox: Sandbox, requests: readonly JoinRequest[]): Joined[] {
    const { state } = this.#context;
    return state.store.transaction(() => {
      const added: Joined[] = [];
      try {
        for (const request of requests) added.push(this.#createEndpoint(sandbox, request));
        return added;
      } catch (error) {
        this.#dropEndpoints(added);
        throw error;
      }
    });
  }

  #createEndpoint(sandbox: Sandbox, { network, hostname, config }: JoinRequest): Joined {
    const { state } = this.#context;
    const present = state.endpoints.inSandbox(sandbox.id);
    if (present.some((endpoint) => endpoint.network === network.id)) {
      const message = `endpoint with name ${sandbox.ownerName} already exists in network ${network.name}`;
      throw new FairleadError('forbidden', message);
    }
    const id = newIdentifier();
    const { owner, ownerName } = sandbox;
    const base = { id, network: network.id, sandbox: sandbox.id, owner, ownerName, hostname, config };
    if (network.bridge === undefined) return { network, endpoint: state.endpoints.put(base) };
    requireValidEndpoint(network, config);
    const { ipv4, ipv6, mac } = state.addresses.lease(network, owner, config);
    const endpoint = state.endpoints.put({
      ...base,
      ...(ipv4 && { ipv4 }),
      ...(ipv6 && { ipv6 }),
      mac,
      interface: freeInterface(network.bridge.interfacePrefix, config, present),
      hostInterface: `veth${id.slice(0, 7)}`,
      hostMac: randomMac(),
    });
    return { network, endpoint };
  }

  async #settlePorts(wanted: Sandbox, before: readonly KernelObject[]): Promise<Sandbox> {
    const { state, kernel, ports } = this.#context;
    const mappings = await ports.reserve(wanted, state.joined(wanted.id));
    const after = state.sandboxes.put({ ...wanted, mappings });
    await kernel.apply(diff(state.fragment(after), before));
    return after;
  }

  async #ports(sandbox: Sandbox, joined: readonly Joined[]) {
    const { ports } = this.#context;
    if (sandbox.mappings.length === 0) return await ports.reserve(sandbox, joined);
    if (stillServes(sandbox, joined)) return sandbox.mappings;
    await ports.release(sandbox.id);
    return await ports.reserve(sandbox, joined);
  }

  async #takeBack(sandbox: Sandbox, before: readonly KernelObject[], added: readonly Joined[]): Promise<void> {
    const { state, kernel, ports, records } = this.#context;
    const after = state.fragment(state.sandbox(sandbox.id));
    this.#dropEndpoints(added);
    state.sandboxes.put(sandbox);
    await settleAll([
      () => kernel.apply(diff(before, after)),
      () => (sandbox.mappings.length === 0 ? ports.release(sandbox.id) : undefined),
      ...added.map((item) => () => records.withdraw(item)),
    ]);
  }

  #dropEndpoints(added: readonly Joined[]): void {
    for (const { endpoint } of added) this.#context.state.endpoints.delete(endpoint);
  }

  async #forgetConnections(endpoints: readonly Endpoint[]): Promise<void> {
    for (const { ipv4, ipv6 } of endpoints) {
      for (const address of [ipv4, ipv6]) if (address) await this.#context.kernel.forgetConnections({ address });
    }
  }

  /** The container's name where that is free, so that `ip -n` finds it; else with its id. */
  #namespaceName({ owner, ownerName }: SandboxRequest): string {
    const { kernel, namespacePrefix } = this.#context;
    const taken = new Set(kernel.namespaces());
    const plain = `${namespacePrefix}${ownerName}`;
    return taken.has(plain) ? `${plain}-${owner.slice(0, 12)}` : plain;
  }
}

/** The lowest number that is free behind the prefix, or exactly the name that was asked for. */
function freeInterface(prefix: string, config: EndpointConfig, present: readonly Endpoint[]): string {
  const taken = new Set(present.map((endpoint) => endpoint.interface));
  const wanted = config.driverOptions?.['com.docker.network.endpoint.ifname'];
  if (wanted !== undefined) {
    if (!taken.has(wanted)) return wanted;
    throw new FairleadError('internal', `error renaming interface to ${wanted}: file exists`);
  }
  let number = 0;
  while (taken.has(`${prefix}${number}`)) number++;
  return `${prefix}${number}`;
}

/** True while the mappings' families are exactly those in which the sandbox has a gateway. */
function stillServes(sandbox: Sandbox, joined: readonly Joined[]): boolean {
  const { ipv4, ipv6 } = electGateways(joined);
  const has = (family: 4 | 6) => sandbox.mappings.some(({ hostAddress }) => hostAddress.includes(':') === (family === 6));
  return (!has(4) || ipv4 !== undefined) && (!has(6) || ipv6 !== undefined);
}

/** Run `work` between starting the two promises and waiting for all three; the first failure is thrown after all have ended. */
async function settleBoth<A, B>(a: Promise<A>, b: Promise<B>, work: () => Promise<void>): Promise<[A, B]> {
  const worked = work();
  await Promise.allSettled([a, b, worked]);
  const [first, second] = await Promise.all([a, b, worked]);
  return [first, second];
}
