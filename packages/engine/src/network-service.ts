import { FairleadError, isNotFound } from '@fairlead/base';
import {
  type BoundPort,
  boundPorts,
  type Endpoint,
  type EndpointConfig,
  type Network,
  type NetworkController,
  type NetworkRequest,
  type PortBinding,
} from '@fairlead/network';
import { hostname as machineName } from 'node:os';
import type { FileWriter } from './container/container-files.ts';
import { isAlive } from './container/container-state.ts';
import type { ContainerTable } from './container/container-table.ts';
import { attachmentsOf, hostnameOf } from './container/network-plan.ts';
import type { NetworkService } from './engine-port.ts';
import type { Container } from './model.ts';

/** Networks as the API asks for them: the model's own, and containers that join and leave. */
export class NetworkServices implements NetworkService {
  readonly #network: NetworkController;
  readonly #table: ContainerTable;
  readonly #files: FileWriter;
  readonly #operation: <T>(name: string, work: () => Promise<T>) => Promise<T>;

  constructor(context: {
    readonly network: NetworkController;
    readonly table: ContainerTable;
    readonly files: FileWriter;
    readonly operation: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  }) {
    this.#network = context.network;
    this.#table = context.table;
    this.#files = context.files;
    this.#operation = context.operation;
  }

  async create(request: NetworkRequest) {
    const create = () => this.#network.createNetwork(request);
    const { id } = await this.#operation(`network create ${request.name}`, create);
    return { id, warning: '' };
  }

  async remove(reference: string): Promise<void> {
    await this.#operation(`network rm ${reference}`, () => this.#network.removeNetwork(reference));
  }

  inspect(reference: string): { readonly network: Network; readonly endpoints: readonly Endpoint[] } {
    const network = this.#network.findNetwork(reference);
    return { network, endpoints: this.#network.endpointsOn(network.id) };
  }

  list(): readonly Network[] {
    return this.#network.networks();
  }

  async connect(reference: string, name: string, config: EndpointConfig): Promise<void> {
    const network = this.#network.findNetwork(reference);
    const container = this.#table.find(name);
    requireConnectable(container, network);
    if (isAlive(container) && container.sandbox !== undefined) {
      const request = { network, hostname: hostnameOf(container, machineName), config };
      const { sandbox } = container;
      await this.#operation(`network connect ${network.name} ${container.name}`, () => this.#network.join(sandbox, [request]));
    }
    this.#rememberNetworks(container, [...attachmentsOf(container).filter((item) => !this.#is(item.network, network)), { network: network.name, config }]);
    this.#rewriteFiles(container.id);
  }

  async disconnect(reference: string, name: string, force: boolean): Promise<void> {
    const network = this.#network.findNetwork(reference);
    const container = this.#tryContainer(name, force);
    if (container === undefined) return await this.#dropStale(network, name);
    requireDisconnectable(container, network);
    const remaining = attachmentsOf(container).filter((item) => !this.#is(item.network, network));
    const endpoint = this.#endpoint(container, network);
    if (endpoint === undefined && remaining.length === attachmentsOf(container).length) {
      const alive = isAlive(container);
      const which = alive ? `network ${network.name}` : `the network ${network.name}`;
      throw new FairleadError('internal', `container ${container.id} is not connected to ${which}`);
    }
    if (endpoint !== undefined) {
      await this.#operation(`network disconnect ${network.name} ${container.name}`, () => this.#network.leave(endpoint));
    } else {
      this.#network.releaseLease(network.id, container.id);
    }
    this.#rememberNetworks(container, remaining);
    this.#rewriteFiles(container.id);
  }

  async publish(name: string, ports: readonly PortBinding[]): Promise<readonly BoundPort[]> {
    const container = this.#table.find(name);
    const { sandbox } = container;
    if (container.config.host.networkMode.startsWith('container:')) {
      throw new FairleadError('invalid-argument', 'conflicting options: port publishing and the container type network mode');
    }
    const bound =
      isAlive(container) && sandbox !== undefined
        ? boundPorts((await this.#operation(`ports ${container.name}`, () => this.#network.publish(sandbox, ports))).mappings)
        : [];
    const current = this.#table.find(container.id);
    this.#table.put({ ...current, config: { ...current.config, host: { ...current.config.host, portBindings: ports } } });
    return bound;
  }

  /** A container that is gone may have left its endpoint: it goes by its name. */
  async #dropStale(network: Network, name: string): Promise<void> {
    const endpoint = this.#network.endpointsOn(network.id).find(({ ownerName, owner }) => ownerName === name || owner === name);
    if (endpoint === undefined) throw new FairleadError('not-found', `No such container: ${name}`);
    await this.#network.leave(endpoint);
  }

  #tryContainer(name: string, force: boolean): Container | undefined {
    try {
      return this.#table.find(name);
    } catch (error) {
      if (force && isNotFound(error)) return undefined;
      throw error;
    }
  }

  #endpoint(container: Container, network: Network): Endpoint | undefined {
    const { sandbox } = container;
    if (sandbox === undefined) return undefined;
    return this.#network.endpointsIn(sandbox).find((endpoint) => endpoint.network === network.id);
  }

  #is(reference: string, network: Network): boolean {
    return reference === network.name || reference === network.id;
  }

  /** What is joined now is joined again at the next start. */
  #rememberNetworks({ id }: Container, networks: Container['config']['networks']): void {
    const container = this.#table.find(id);
    const mode = container.config.host.networkMode;
    const kept = networks.some(({ network }) => network === mode) ? mode : (networks[0]?.network ?? 'none');
    const host = { ...container.config.host, networkMode: kept };
    this.#table.put({ ...container, config: { ...container.config, networks, host } });
  }

  #rewriteFiles(id: string): void {
    const container = this.#table.find(id);
    if (!isAlive(container) || container.sandbox === undefined) return;
    const endpoints = this.#network.endpointsIn(container.sandbox);
    const networks = endpoints.map((endpoint) => this.#network.findNetwork(endpoint.network));
    this.#files.writeHosts(container, hostnameOf(container, machineName), endpoints);
    this.#files.writeResolvConf(container, networks);
  }
}

function requireConnectable({ id, config, state }: Container, network: Network): void {
  const mode = config.host.networkMode;
  const fail = (message: string) => {
    throw new FairleadError('invalid-argument', message);
  };
  if (state.status === 'removing' || state.status === 'dead') {
    const reason = `Container ${id} is marked for removal and cannot be connected or disconnected to the network`;
    throw new FairleadError('internal', reason);
  }
  if (network.driver === 'host') {
    fail('cannot connect container to host network - container must be created in host network mode');
  }
  if (mode === 'host' || mode.startsWith('container:')) {
    fail('container sharing network namespace with another container or host cannot be connected to any other network');
  }
  if (mode === 'none' || network.driver === 'null') {
    fail('container cannot be connected to multiple networks with one of the networks in private (none) mode');
  }
}

function requireDisconnectable({ config }: Container, network: Network): void {
  if (network.driver === 'host' && config.host.networkMode === 'host') {
    const reason = 'container was created in host network mode';
    throw new FairleadError('invalid-argument', `cannot disconnect container from host network - ${reason}`);
  }
}
