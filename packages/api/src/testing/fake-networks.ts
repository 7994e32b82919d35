import {
  FairleadError,
  type IpAddress,
  ipPlus,
  newIdentifier,
  type PortPolicies,
  parseIpAddress,
  parseMacAddress,
  parsePrefix,
} from '@fairlead/base';
import {
  type AdmittedMapping,
  type BoundPort,
  type Endpoint,
  type EndpointConfig,
  type Network,
  type NetworkRequest,
  type NetworkService,
  type PortBinding,
  singleBindings,
} from '@fairlead/engine';

/** Networks in memory: enough of their rules for clients to see the usual answers. */
export class FakeNetworks implements NetworkService {
  readonly #networks = new Map<string, Network>();
  readonly #endpoints: Endpoint[] = [];
  readonly #nameOf: (container: string) => { readonly id: string; readonly name: string };
  #subnets = 17;
  /** What `publish` was last asked for. */
  published: readonly PortBinding[] = [];

  constructor(nameOf: (container: string) => { readonly id: string; readonly name: string }) {
    this.#nameOf = nameOf;
    this.#add({ name: 'bridge' }, 'bridge');
    this.#add({ name: 'host' }, 'host');
    this.#add({ name: 'none' }, 'null');
  }

  async create(request: NetworkRequest) {
    if (request.name === '') throw new FairleadError('invalid-argument', 'invalid name: name is empty');
    if (['bridge', 'host', 'none', 'default'].includes(request.name)) {
      throw new FairleadError('forbidden', `operation is not permitted on predefined ${request.name} network `);
    }
    if (this.list().some(({ name }) => name === request.name)) {
      throw new FairleadError('conflict', `network with name ${request.name} already exists`);
    }
    return { id: this.#add(request, 'bridge').id, warning: '' };
  }

  async remove(reference: string): Promise<void> {
    const { network, endpoints } = this.inspect(reference);
    if (['bridge', 'host', 'none'].includes(network.name)) {
      throw new FairleadError('forbidden', `${network.name} is a pre-defined network and cannot be removed`);
    }
    if (endpoints.length > 0) {
      const users = endpoints.map(({ ownerName, id }) => `name:"${ownerName}" id:"${id.slice(0, 12)}"`).join(', ');
      throw new FairleadError(
        'forbidden',
        `error while removing network: network ${network.name} has active endpoints (${users})`,
      );
    }
    this.#networks.delete(network.id);
  }

  inspect(reference: string) {
    const all = this.list();
    const exact = all.find(({ id, name }) => id === reference || name === reference);
    const matches = all.filter(({ id }) => id.startsWith(reference));
    if (exact === undefined && matches.length > 1) {
      const count = `${matches.length} matches found based on ID prefix`;
      throw new FairleadError('invalid-argument', `network ${reference} is ambiguous (${count})`);
    }
    const network = exact ?? matches[0];
    if (network === undefined) throw new FairleadError('not-found', `network ${reference} not found`);
    return { network, endpoints: this.#endpoints.filter((endpoint) => endpoint.network === network.id) };
  }

  obstacles(): readonly string[] {
    return [];
  }

  sharing(): { readonly engines: readonly string[]; readonly clashes: readonly string[] } {
    return { engines: [], clashes: [] };
  }

  usage({ subnets }: Network): ReturnType<NetworkService['usage']> {
    return subnets.map(({ subnet }) => ({ subnet, inUse: 3n, available: 2n ** 64n }));
  }

  async overlaps(): Promise<readonly string[]> {
    return [];
  }

  list(): readonly Network[] {
    return [...this.#networks.values()];
  }

  async connect(reference: string, container: string, config: EndpointConfig): Promise<void> {
    const { network } = this.inspect(reference);
    const { id, name } = this.#nameOf(container);
    this.join(network, id, name, config);
  }

  async unlink(name: string): Promise<void> {
    throw new FairleadError('not-found', `No such container: ${name}`);
  }

  async disconnect(reference: string, container: string): Promise<void> {
    const { network } = this.inspect(reference);
    this.leave(this.#nameOf(container).id, network.id);
  }

  async limit(): Promise<void> {}

  async update(): Promise<void> {}

  async changeRecords(reference: string): Promise<Network> {
    return this.inspect(reference).network;
  }

  admissions(): readonly AdmittedMapping[] {
    return [];
  }

  async publish(
    _container: string,
    change: (before: readonly PortBinding[], policies: PortPolicies) => readonly PortBinding[],
  ): Promise<readonly AdmittedMapping[]> {
    this.published = change(this.published, {});
    return [];
  }

  /** Put a container on a network. */
  join(network: Network, owner: string, ownerName: string, config: EndpointConfig): void {
    const base = network.subnets[0]?.gateway;
    const place = this.#endpoints.length + 1;
    this.#endpoints.push({
      id: newIdentifier(),
      network: network.id,
      sandbox: owner,
      sequence: place,
      owner,
      ownerName,
      hostname: owner.slice(0, 12),
      config,
      ...(base !== undefined && { ipv4: ipPlus(base, place), mac: parseMacAddress(`02:42:ac:11:00:0${place % 10}`) }),
    });
  }

  /** Take a container off one network, or all. */
  leave(owner: string, network?: string): void {
    const staying = this.#endpoints.filter(
      (endpoint) => endpoint.owner !== owner || (network !== undefined && endpoint.network !== network),
    );
    this.#endpoints.splice(0, this.#endpoints.length, ...staying);
  }

  /** The endpoint of a container on a network. */
  endpoint(network: string, owner: string): Endpoint | undefined {
    return this.#endpoints.find((endpoint) => endpoint.network === network && endpoint.owner === owner);
  }

  #add(request: NetworkRequest, driver: Network['driver']): Network {
    const number = this.#subnets++;
    const asked = request.ipam?.config?.[0];
    const subnet = parsePrefix(asked?.subnet ?? `172.${number}.0.0/16`);
    const gateway = asked?.gateway ? parseIpAddress(asked.gateway) : ipPlus(subnet.split('/')[0] as IpAddress, 1);
    const network: Network = {
      id: newIdentifier(),
      name: request.name,
      driver,
      scope: 'local',
      created: Date.now(),
      ipv4: true,
      ipv6: request.ipv6 ?? false,
      internal: request.internal ?? false,
      attachable: request.attachable ?? false,
      options: request.options ?? {},
      labels: request.labels ?? {},
      ipamDriver: 'default',
      ipamOptions: request.ipam?.options ?? null,
      subnets: driver === 'bridge' ? [{ subnet, gateway }] : [],
    };
    this.#networks.set(network.id, network);
    return network;
  }
}

/** Every port asked for, on both families, at the port asked for or one above 32768. */
export function bindPorts(ports: readonly PortBinding[]): BoundPort[] {
  return ports.flatMap(singleBindings).flatMap(({ protocol, containerPort, hostAddress, hostPorts }, index) => {
    const hostPort = hostPorts?.first ?? 32768 + index;
    const addresses = hostAddress === undefined ? ['0.0.0.0', '::'].map(parseIpAddress) : [hostAddress];
    return addresses.map((address) => ({ protocol, containerPort, hostAddress: address, hostPort }));
  });
}
