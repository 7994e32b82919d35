import { FairleadError, formatPortRange, isNotFound, type Logger, messageOf, type PortPolicies } from '@fairlead/base';
import {
  type AdmittedMapping,
  containerPortsOf,
  type Endpoint,
  type EndpointConfig,
  type Network,
  type NetworkController,
  type NetworkRequest,
  type NetworkUpdate,
  type PortBinding,
  type RecordChange,
  requirePlausibleEndpoint,
  type SubnetUsage,
  withBandwidth,
} from '@fairlead/network';
import type { ContainerConfig, NetworkAttachment } from './container/configuration/container-config.ts';
import { isAlive } from './container/container-state.ts';
import type { ContainerTable } from './container/container-table.ts';
import type { FileWriter } from './container/file/container-files.ts';
import type { ContainerTurns } from './container/life/patience.ts';
import type { LegacyLinks } from './container/network/legacy-links.ts';
import { donorIdOf, hostnameOf } from './container/network/network-plan.ts';
import type { Container } from './model.ts';
import type { NetworkService } from './network-port.ts';

/** Networks as the API asks for them: the model's own, and containers that join and leave. */
export class NetworkServices implements NetworkService {
  readonly #network: NetworkController;
  readonly #table: ContainerTable;
  readonly #files: Pick<FileWriter, 'update'>;
  readonly #links: LegacyLinks;
  readonly #logger: Logger;
  readonly #turns: ContainerTurns;
  readonly #operation: <T>(name: string, work: () => Promise<T>) => Promise<T>;

  constructor(context: {
    readonly network: NetworkController;
    readonly table: ContainerTable;
    readonly files: Pick<FileWriter, 'update'>;
    readonly links: LegacyLinks;
    readonly turns: ContainerTurns;
    readonly operation: <T>(name: string, work: () => Promise<T>) => Promise<T>;
    readonly logger: Logger;
  }) {
    this.#logger = context.logger;
    this.#turns = context.turns;
    this.#network = context.network;
    this.#table = context.table;
    this.#files = context.files;
    this.#links = context.links;
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

  async update(reference: string, update: NetworkUpdate): Promise<void> {
    const { name } = this.#network.findNetwork(reference);
    await this.#operation(`network update ${name}`, () => this.#network.updateNetwork(reference, update));
  }

  inspect(reference: string): { readonly network: Network; readonly endpoints: readonly Endpoint[] } {
    const network = this.#network.findNetwork(reference);
    return { network, endpoints: this.#network.endpointsOn(network.id) };
  }

  obstacles(network: Network): readonly string[] {
    return this.#network.obstacles(network);
  }

  async overlaps(network: Network): Promise<readonly string[]> {
    return await this.#network.overlaps(network);
  }

  sharing(network: Network): { readonly engines: readonly string[]; readonly clashes: readonly string[] } {
    return this.#network.sharing(network);
  }

  usage(network: Network): readonly SubnetUsage[] {
    return this.#network.usage(network);
  }

  list(): readonly Network[] {
    return this.#network.networks();
  }

  async connect(reference: string, name: string, config: EndpointConfig, signal?: AbortSignal): Promise<void> {
    const network = this.#network.findNetwork(reference);
    const { id } = this.#table.find(name);
    await this.#turns.patiently(id, { network: network.id, signal }, (given) =>
      this.#turns.run(id, () => this.#connect(network, this.#table.find(id), config, given)),
    );
  }

  async disconnect(reference: string, name: string, force: boolean): Promise<void> {
    const network = this.#network.findNetwork(reference);
    const id = this.#tryContainer(name, force)?.id;
    if (id === undefined) return await this.#dropStale(network, name);
    const wasJoining = this.#turns.giveUp(id, network.id);
    await this.#turns.patiently(id, {}, (signal) =>
      this.#turns.run(id, () => this.#disconnect(network, this.#table.find(id), wasJoining, signal)),
    );
  }

  async unlink(name: string): Promise<void> {
    const { id } = this.#links.without(name);
    await this.#turns.run(id, () => {
      this.#table.put(this.#links.without(name));
      this.#rewriteFiles(id);
    });
  }

  async limit(reference: string, name: string, change: { readonly in?: string; readonly out?: string }): Promise<void> {
    const network = this.#network.findNetwork(reference);
    const { id } = this.#table.find(name);
    await this.#turns.run(id, () => this.#limit(network, this.#table.find(id), change));
  }

  admissions(name: string): readonly AdmittedMapping[] {
    const { sandbox } = this.#table.find(name);
    return sandbox === undefined ? [] : this.#network.admissions(sandbox);
  }

  async publish(
    name: string,
    change: (before: readonly PortBinding[], policies: PortPolicies) => readonly PortBinding[],
  ): Promise<readonly AdmittedMapping[]> {
    const { id } = this.#table.find(name);
    return await this.#turns.patiently(id, {}, (signal) =>
      this.#turns.run(id, () => this.#publish(this.#table.find(id), change, signal)),
    );
  }

  async changeRecords(reference: string, change: RecordChange): Promise<Network> {
    return await this.#network.changeRecords(reference, change);
  }

  /** The host asks other name servers now: the name service is told, and the files that nobody has edited say so. */
  async followHostNames(): Promise<void> {
    await this.#network.followHostNames();
    await Promise.all([...this.#table].map(({ id }) => this.#turns.run(id, async () => this.#updateFiles(id))));
  }

  /** One whose files cannot be written does not keep the others from theirs. */
  #updateFiles(id: string): void {
    const container = this.#table.get(id);
    if (container === undefined || !isAlive(container) || donorIdOf(container) !== undefined) return;
    try {
      this.#files.update(container, hostnameOf(container, this.#table));
    } catch (error) {
      this.#logger.warn('files not updated', { id, error: messageOf(error) });
    }
  }

  async #connect(network: Network, container: Container, config: EndpointConfig, signal: AbortSignal): Promise<void> {
    this.#requireConnectable(container, network);
    const { sandbox } = container;
    if (isAlive(container) && sandbox !== undefined) {
      const request = { network, hostname: hostnameOf(container, this.#table), config };
      const join = () => this.#network.join(sandbox, [request], signal);
      await this.#operation(`network connect ${network.name} ${container.name}`, join);
    }
    const others = container.config.networks.filter((item) => !this.#isOn(item, network));
    this.#remember(container.id, { networks: [...others, { network: network.name, config }] });
    this.#rewriteFiles(container.id);
  }

  /** @param wasJoining somebody waited for an address there until now: it may have never come to be on it. */
  async #disconnect(network: Network, container: Container, wasJoining: boolean, signal: AbortSignal): Promise<void> {
    requireDisconnectable(container, network);
    const remaining = container.config.networks.filter((item) => !this.#isOn(item, network));
    const endpoint = this.#endpoint(container, network);
    if (endpoint === undefined && remaining.length === container.config.networks.length) {
      if (wasJoining) return;
      const which = isAlive(container) ? `network ${network.name}` : `the network ${network.name}`;
      throw new FairleadError('internal', `container ${container.id} is not connected to ${which}`);
    }
    if (endpoint !== undefined) {
      const leave = () => this.#network.leave(endpoint, signal);
      await this.#operation(`network disconnect ${network.name} ${container.name}`, leave);
    } else {
      this.#network.releaseLease(network.id, container.id);
    }
    this.#remember(container.id, { networks: remaining });
    this.#rewriteFiles(container.id);
  }

  async #limit(
    network: Network,
    container: Container,
    change: { readonly in?: string; readonly out?: string },
  ): Promise<void> {
    const { networks } = container.config;
    const attachment = networks.find((item) => this.#isOn(item, network));
    if (attachment === undefined) {
      throw new FairleadError('not-found', `container ${container.name} is not connected to network ${network.name}`);
    }
    const config = { ...attachment.config, driverOptions: withBandwidth(attachment.config.driverOptions, change) };
    requirePlausibleEndpoint(network.name, network, config);
    const remember = (wanted: NetworkAttachment) =>
      this.#remember(container.id, { networks: networks.map((item) => (item === attachment ? wanted : item)) });
    // First, so that a daemon that is killed meanwhile does not lose what was asked for.
    remember({ ...attachment, config });
    const endpoint = this.#endpoint(container, network);
    if (endpoint === undefined) return;
    try {
      const configure = () =>
        this.#network.configure(endpoint, { ...endpoint.config, driverOptions: config.driverOptions });
      await this.#operation(`network limit ${network.name} ${container.name}`, configure);
    } catch (error) {
      this.#remember(container.id, { networks });
      throw error;
    }
  }

  async #publish(
    container: Container,
    change: (before: readonly PortBinding[], policies: PortPolicies) => readonly PortBinding[],
    signal: AbortSignal,
  ): Promise<readonly AdmittedMapping[]> {
    const { sandbox, config } = container;
    if (donorIdOf(container) !== undefined) {
      const reason = 'conflicting options: port publishing and the container type network mode';
      throw new FairleadError('invalid-argument', reason);
    }
    if (config.host.networkMode === 'host') {
      // What dockerd says when such a container is created with ports.
      throw new FairleadError('invalid-argument', 'Published ports are discarded when using host network mode');
    }
    const before = config.host.portBindings;
    const ports = change(before, config.host.portPolicies ?? {});
    const publish = async (id: string) => {
      // What `-P` has added stays.
      const asked = new Set(before.map(bindingKey));
      const added = this.#network.sandbox(id)?.ports.filter((port) => !asked.has(bindingKey(port))) ?? [];
      await this.#network.publish(id, [...ports, ...added], signal);
      return this.#network.admissions(id);
    };
    const remember = (portBindings: readonly PortBinding[]) =>
      this.#remember(container.id, { host: { ...config.host, portBindings } });
    // First, so that a daemon that is killed meanwhile does not lose what was asked for.
    remember(ports);
    if (!isAlive(container) || sandbox === undefined) return [];
    try {
      return await this.#operation(`ports ${container.name}`, () => publish(sandbox));
    } catch (error) {
      remember(before);
      throw error;
    }
  }

  /** A container that is gone may have left its endpoint: it goes by its name. */
  async #dropStale(network: Network, name: string): Promise<void> {
    const endpoint = this.#network
      .endpointsOn(network.id)
      .find(({ ownerName, owner }) => ownerName === name || owner === name);
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
    const { sandbox, id } = container;
    if (sandbox === undefined) return undefined;
    return this.#network
      .endpointsIn(sandbox)
      .find((endpoint) => endpoint.network === network.id && endpoint.owner === id);
  }

  /** Whether a container was told to be on a network: by its name, its id, or the beginning of that. */
  #isOn({ network: reference }: NetworkAttachment, { name, id }: Network): boolean {
    if (reference === name || reference === id) return true;
    const isMeant = (each: Network) => each.name === reference || each.id.startsWith(reference);
    return id.startsWith(reference) && this.#network.networks().filter(isMeant).length === 1;
  }

  /** What is joined now is joined again at the next start. */
  #remember(id: string, change: Partial<Pick<ContainerConfig, 'networks' | 'host'>>): void {
    const container = this.#table.find(id);
    this.#table.put({ ...container, config: { ...container.config, ...change } });
  }

  #rewriteFiles(id: string): void {
    const container = this.#table.find(id);
    if (!isAlive(container) || container.sandbox === undefined) return;
    for (const other of [container, ...this.#links.linkersOf(container)]) {
      this.#files.update(other, hostnameOf(other, this.#table));
    }
  }

  #requireConnectable({ id, config, state }: Container, network: Network): void {
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
      fail(
        'container sharing network namespace with another container or host cannot be connected to any other network',
      );
    }
    const none = this.#network.findNetwork('none');
    // Whoever has left it may join others.
    const isNone = network.driver === 'null' && network.template === undefined;
    if (isNone || config.networks.some((item) => this.#isOn(item, none))) {
      fail('container cannot be connected to multiple networks with one of the networks in private (none) mode');
    }
  }
}

function requireDisconnectable({ config }: Container, network: Network): void {
  if (network.driver === 'host' && config.host.networkMode === 'host') {
    const reason = 'container was created in host network mode';
    throw new FairleadError('invalid-argument', `cannot disconnect container from host network - ${reason}`);
  }
}

/** Equal for bindings that ask for the same; a range can be thousands of them. */
function bindingKey({ protocol, hostAddress, hostPorts, ...binding }: PortBinding): string {
  return `${formatPortRange(containerPortsOf(binding))}/${protocol} ${hostAddress ?? ''} ${hostPorts?.first ?? ''}-${hostPorts?.last ?? ''}`;
}
