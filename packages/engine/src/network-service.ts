import { FairleadError, isNotFound, type Logger, messageOf, type PortPolicies } from '@fairlead/base';
import type {
  AdmittedMapping,
  Endpoint,
  EndpointConfig,
  Network,
  NetworkController,
  NetworkRequest,
  NetworkUpdate,
  PortBinding,
  RecordChange,
  SubnetUsage,
} from '@fairlead/network';
import { isAlive } from './container/container-state.ts';
import type { ContainerTable } from './container/container-table.ts';
import type { FileWriter } from './container/file/container-files.ts';
import type { ContainerTurns } from './container/life/patience.ts';
import { Connections, type ConnectionsParts } from './container/network/connections.ts';
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
  readonly #operation: ConnectionsParts['operation'];
  readonly #connections: Connections;

  constructor(parts: ConnectionsParts & { readonly turns: ContainerTurns; readonly logger: Logger }) {
    this.#logger = parts.logger;
    this.#turns = parts.turns;
    this.#network = parts.network;
    this.#table = parts.table;
    this.#files = parts.files;
    this.#links = parts.links;
    this.#operation = parts.operation;
    this.#connections = new Connections(parts);
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
      this.#turns.run(id, () => this.#connections.connect(network, this.#table.find(id), config, given)),
    );
  }

  async disconnect(reference: string, name: string, force: boolean): Promise<void> {
    const network = this.#network.findNetwork(reference);
    const id = this.#tryContainer(name, force)?.id;
    if (id === undefined) return await this.#dropStale(network, name);
    const wasJoining = this.#turns.giveUp(id, network.id);
    await this.#turns.patiently(id, {}, (signal) =>
      this.#turns.run(id, () => this.#connections.disconnect(network, this.#table.find(id), wasJoining, signal)),
    );
  }

  async unlink(name: string): Promise<void> {
    const { id } = this.#links.without(name);
    await this.#turns.run(id, () => {
      this.#table.put(this.#links.without(name));
      this.#connections.rewriteFiles(id);
    });
  }

  async limit(reference: string, name: string, change: { readonly in?: string; readonly out?: string }): Promise<void> {
    const network = this.#network.findNetwork(reference);
    const { id } = this.#table.find(name);
    await this.#turns.run(id, () => this.#connections.limit(network, this.#table.find(id), change));
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
      this.#turns.run(id, () => this.#connections.publish(this.#table.find(id), change, signal)),
    );
  }

  async changeRecords(reference: string, change: RecordChange): Promise<Network> {
    return await this.#network.changeRecords(reference, change);
  }

  /** Write the files anew that tell a running container, and those that link to it, of names. */
  rewriteFiles(id: string): void {
    this.#connections.rewriteFiles(id);
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

  /** A container that is gone may have left its endpoint: it goes by its name. */
  async #dropStale(network: Network, name: string): Promise<void> {
    const endpoint = this.#network
      .endpointsOn(network.id)
      .find(({ ownerName, owner }) => ownerName === name || owner === name);
    if (endpoint === undefined) throw new FairleadError('not-found', `endpoint ${name} not found`);
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
}
