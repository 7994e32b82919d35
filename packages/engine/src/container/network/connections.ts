import { FairleadError, formatPortRange, type PortPolicies } from '@fairlead/base';
import {
  type AdmittedMapping,
  containerPortsOf,
  type EndpointConfig,
  type Network,
  type NetworkController,
  type PortBinding,
  requirePlausibleEndpoint,
  withBandwidth,
} from '@fairlead/network';
import type { Container } from '../../model.ts';
import type { ContainerConfig } from '../configuration/container-config.ts';
import type { NotedChanges } from '../configuration/noted-changes.ts';
import { isAlive } from '../container-state.ts';
import type { ContainerTable } from '../container-table.ts';
import type { FileWriter } from '../file/container-files.ts';
import { endpointOf, isOn } from './attachment.ts';
import type { LegacyLinks } from './legacy-links.ts';
import { donorIdOf, hostnameOf } from './network-plan.ts';

/** What {@link Connections} works with. */
export interface ConnectionsParts {
  readonly network: NetworkController;
  readonly table: ContainerTable;
  readonly files: Pick<FileWriter, 'update'>;
  readonly links: LegacyLinks;
  readonly changes: NotedChanges;
  /** Counts what work does to the kernel to one operation. */
  readonly operation: <T>(name: string, work: () => Promise<T>) => Promise<T>;
}

/** What of a container's network can change while it exists. Whoever calls has the container's turn. */
export class Connections {
  readonly #network: NetworkController;
  readonly #table: ContainerTable;
  readonly #files: Pick<FileWriter, 'update'>;
  readonly #links: LegacyLinks;
  readonly #changes: NotedChanges;
  readonly #operation: ConnectionsParts['operation'];

  constructor({ network, table, files, links, changes, operation }: ConnectionsParts) {
    this.#network = network;
    this.#table = table;
    this.#files = files;
    this.#links = links;
    this.#changes = changes;
    this.#operation = operation;
  }

  /** Put a container on a network, now or with its next start. @throws FairleadError in Docker's words. */
  async connect(network: Network, container: Container, config: EndpointConfig, signal: AbortSignal): Promise<void> {
    this.#requireConnectable(container, network);
    const { sandbox } = container;
    if (isAlive(container) && sandbox !== undefined) {
      const request = { network, hostname: hostnameOf(container, this.#table), config };
      const join = () => this.#network.join(sandbox, [request], signal);
      await this.#operation(`network connect ${network.name} ${container.name}`, join);
    }
    this.rewriteFiles(container.id);
    const others = container.config.networks.filter((item) => !isOn(this.#network, item, network));
    // Last: of a daemon that is killed before, nobody was told that it is done, and the next one takes it back.
    this.#remember(container.id, { networks: [...others, { network: network.name, config }] });
  }

  /**
   * Take a container off a network, and keep it off with its next start.
   *
   * @param wasJoining somebody waited for an address there until now: it may have never come to be on it.
   * @throws FairleadError in Docker's words.
   */
  async disconnect(network: Network, container: Container, wasJoining: boolean, signal: AbortSignal): Promise<void> {
    requireDisconnectable(container, network);
    const remaining = container.config.networks.filter((item) => !isOn(this.#network, item, network));
    const endpoint = endpointOf(this.#network, container, network);
    if (endpoint === undefined && remaining.length === container.config.networks.length) {
      if (wasJoining) return;
      const which = isAlive(container) ? `network ${network.name}` : `the network ${network.name}`;
      throw new FairleadError('internal', `container ${container.id} is not connected to ${which}`);
    }
    const wanted = { config: { ...container.config, networks: remaining } };
    const leave = () => this.#changes.make(container, wanted, { kind: 'network left', network: network.id }, signal);
    if (endpoint === undefined) await leave();
    else await this.#operation(`network disconnect ${network.name} ${container.name}`, leave);
  }

  /**
   * Change how fast a container may be on a network.
   *
   * @param change `10mbit` a second, or `none`; what is absent stays.
   * @throws FairleadError `invalid-argument`; `not-found` when it is not on the network; it stays as it was then.
   */
  async limit(
    network: Network,
    container: Container,
    change: { readonly in?: string; readonly out?: string },
  ): Promise<void> {
    const { networks } = container.config;
    const attachment = networks.find((item) => isOn(this.#network, item, network));
    if (attachment === undefined) {
      throw new FairleadError('not-found', `container ${container.name} is not connected to network ${network.name}`);
    }
    const config = { ...attachment.config, driverOptions: withBandwidth(attachment.config.driverOptions, change) };
    requirePlausibleEndpoint(network.name, network, config);
    const limited = networks.map((item) => (item === attachment ? { ...attachment, config } : item));
    const wanted = { config: { ...container.config, networks: limited } };
    const set = () => this.#changes.make(container, wanted, { kind: 'rates', network: network.id });
    if (endpointOf(this.#network, container, network) === undefined) await set();
    else await this.#operation(`network limit ${network.name} ${container.name}`, set);
  }

  /**
   * Change the published ports of a container.
   *
   * @param change what is to be asked for in the place of what is.
   * @param signal gives up a plugin that does not answer.
   * @returns what is published now, with who may ask for it; nothing while it does not run.
   * @throws FairleadError in Docker's words; the old ones stay then.
   */
  async publish(
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
    const portBindings = change(before, config.host.portPolicies ?? {});
    const asked = new Set(before.map(bindingKey));
    const present = isAlive(container) ? this.#network.sandbox(sandbox ?? '') : undefined;
    const added = present?.ports.filter((port) => !asked.has(bindingKey(port))) ?? [];
    const wanted = { config: { ...config, host: { ...config.host, portBindings } } };
    const publish = () => this.#changes.make(container, wanted, { kind: 'ports', added }, signal);
    if (present === undefined) await publish();
    else await this.#operation(`ports ${container.name}`, publish);
    return present === undefined ? [] : this.#network.admissions(present.id);
  }

  /** What is joined now is joined again at the next start. */
  #remember(id: string, change: Partial<Pick<ContainerConfig, 'networks' | 'host'>>): void {
    const container = this.#table.find(id);
    this.#table.put({ ...container, config: { ...container.config, ...change } });
  }

  /** Write the files anew that tell a running container, and those that link to it, of names. */
  rewriteFiles(id: string): void {
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
    if (isNone || config.networks.some((item) => isOn(this.#network, item, none))) {
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
