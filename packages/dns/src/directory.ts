import { addToIndex, type IpAddress, removeFromIndex } from '@fairlead/base';
import { fitsMessage, foldName } from './name.ts';
import { RecordBook, type WrittenRecord } from './record-book.ts';
import type { RecordData } from './record-data.ts';
import type { ServiceInstance, ServicePort, ZoneView } from './zone.ts';

/** A network whose endpoints have names. */
export interface NamedNetwork {
  readonly id: string;
  readonly name: string;
  /** Written by somebody, for those who are on the network. */
  readonly records?: readonly WrittenRecord[];
  /** Answer with everybody who has a name, well or not. */
  readonly ignoresHealth?: boolean;
}

/** A private name that one endpoint has for another (`--link target:alias`). */
export interface LinkAlias {
  readonly alias: string;
  /** A name that the target has on the same network. */
  readonly target: string;
}

/** An endpoint with all names that others on its network find it by. */
export interface NamedEndpoint {
  readonly id: string;
  readonly network: string;
  /** The sandbox that looks names up through this endpoint; absent for an endpoint on another host. */
  readonly sandbox?: string;
  readonly addresses: readonly IpAddress[];
  /** Stands for several under one name: none of its addresses leads back to it. */
  readonly collective?: boolean;
  readonly containerName: string;
  readonly aliases?: readonly string[];
  readonly shortId?: string;
  readonly hostname?: string;
  readonly links?: readonly LinkAlias[];
  /** The order in which a sandbox searches its networks is that of default gateways; see {@link compareEndpoints}. */
  readonly gatewayPriority?: number;
  readonly internal?: boolean;
  /** How many IP versions the network gives a gateway for. */
  readonly gatewayFamilies?: 0 | 1 | 2;
  /** True until the container's health check succeeds, and while it fails. */
  readonly unready?: boolean;
  /** What is found by SRV records. */
  readonly services?: readonly ServicePort[];
}

interface Network {
  name: string;
  book?: RecordBook | undefined;
  readonly names: Map<string, Set<NamedEndpoint>>;
  readonly addresses: Map<IpAddress, Set<NamedEndpoint>>;
}

/**
 * Every name that containers may ask for, indexed so that one endpoint's coming or going costs the number of its own
 * names and networks, whatever else there is.
 *
 * What is set is kept until it is removed; setting the same identifier again replaces it. Networks and endpoints may
 * come in any order.
 */
export class Directory {
  readonly #networks = new Map<string, Network>();
  readonly #named = new Map<string, NamedNetwork>();
  readonly #endpoints = new Map<string, NamedEndpoint>();
  /** The endpoints through which each sandbox looks, best first. */
  readonly #sandboxes = new Map<string, NamedEndpoint[]>();
  #generation = 0;

  /** Grows with each change: an answer made in an earlier generation may be wrong. */
  get generation(): number {
    return this.#generation;
  }

  setNetwork(network: NamedNetwork): void {
    this.#generation++;
    const { id, name, records = [] } = network;
    const book = records.length > 0 ? new RecordBook(records) : undefined;
    this.#named.set(id, network);
    Object.assign(this.#network(id), { name, book });
    for (const [sandbox, endpoints] of this.#sandboxes) {
      if (endpoints.some((endpoint) => endpoint.network === network.id)) this.#sort(sandbox);
    }
  }

  /** Forget a network's name; endpoints that are still set stay. */
  removeNetwork(id: string): void {
    this.#generation++;
    this.#named.delete(id);
    const network = this.#networks.get(id);
    if (network === undefined) return;
    network.name = '';
    network.book = undefined;
    this.#dropIfEmpty(id, network);
  }

  setEndpoint(endpoint: NamedEndpoint): void {
    this.removeEndpoint(endpoint.id);
    this.#endpoints.set(endpoint.id, endpoint);
    const network = this.#network(endpoint.network);
    for (const name of namesOf(endpoint)) addToIndex(network.names, name, endpoint);
    for (const address of ownAddresses(endpoint)) addToIndex(network.addresses, address, endpoint);
    if (endpoint.sandbox === undefined) return;
    const attached = this.#sandboxes.get(endpoint.sandbox);
    if (attached === undefined) this.#sandboxes.set(endpoint.sandbox, [endpoint]);
    else attached.push(endpoint);
    this.#sort(endpoint.sandbox);
  }

  removeEndpoint(id: string): void {
    this.#generation++;
    const endpoint = this.#endpoints.get(id);
    if (endpoint === undefined) return;
    this.#endpoints.delete(id);
    const network = this.#network(endpoint.network);
    for (const name of namesOf(endpoint)) removeFromIndex(network.names, name, endpoint);
    for (const address of ownAddresses(endpoint)) removeFromIndex(network.addresses, address, endpoint);
    this.#dropIfEmpty(endpoint.network, network);
    if (endpoint.sandbox === undefined) return;
    const rest = (this.#sandboxes.get(endpoint.sandbox) ?? []).filter((other) => other !== endpoint);
    if (rest.length === 0) this.#sandboxes.delete(endpoint.sandbox);
    else this.#sandboxes.set(endpoint.sandbox, rest);
  }

  /** The networks that are set. */
  networks(): NamedNetwork[] {
    return [...this.#named.values()];
  }

  /** The endpoints that are set. */
  endpoints(): NamedEndpoint[] {
    return [...this.#endpoints.values()];
  }

  /** What one sandbox sees, always as it is now. */
  view(sandbox: string): ZoneView {
    return {
      lookup: (name) => addressesOf(this.#lookup(this.#sandboxes.get(sandbox) ?? [], name)),
      services: (name) => this.#services(this.#lookup(this.#sandboxes.get(sandbox) ?? [], name)),
      reverse: (address) => this.#reverse(this.#sandboxes.get(sandbox) ?? [], address),
      written: (name) => this.#written(this.#sandboxes.get(sandbox) ?? [], name),
    };
  }

  /** `a.b.c` is: the whole name on any network, then `a.b` on network `c`, then `a` on network `b.c`. */
  #lookup(attached: readonly NamedEndpoint[], asked: string): readonly NamedEndpoint[] | undefined {
    const name = asked.endsWith('.') ? asked.slice(0, -1) : asked;
    for (let dot = name.length; dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
      const host = name.slice(0, dot);
      const inNetwork = dot === name.length ? undefined : foldName(name.slice(dot + 1));
      const found = this.#search(attached, host, inNetwork);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Links come before real names on all networks, and hide the same real name on the network of their endpoint. */
  #search(attached: readonly NamedEndpoint[], host: string, inNetwork: string | undefined) {
    const searched = attached.filter(
      ({ network }) => inNetwork === undefined || foldName(this.#network(network).name) === inNetwork,
    );
    const linkTo = ({ links = [] }: NamedEndpoint) => links.find(({ alias }) => alias === host)?.target;
    for (const endpoint of searched) {
      const target = linkTo(endpoint);
      const found = target === undefined ? undefined : this.#answering(endpoint.network, target);
      if (found !== undefined) return found;
    }
    for (const endpoint of searched) {
      if (linkTo(endpoint) !== undefined) continue;
      const found = this.#answering(endpoint.network, host);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Of those who share a name the ones that are well. When nobody is, who asks finds out better than we can tell. */
  #answering(network: string, name: string): readonly NamedEndpoint[] | undefined {
    const named = this.#networks.get(network)?.names.get(foldName(name));
    if (named === undefined) return undefined;
    const ready = [...named].filter(({ unready }) => unready !== true);
    return ready.length === 0 || this.#named.get(network)?.ignoresHealth === true ? [...named] : ready;
  }

  #services(found: readonly NamedEndpoint[] | undefined): readonly ServiceInstance[] | undefined {
    return found?.flatMap((endpoint) => {
      const { addresses, services = [] } = endpoint;
      const target = this.#ownName(endpoint);
      return fitsMessage(target) ? services.map((service) => ({ ...service, addresses, target })) : [];
    });
  }

  /** A name by which everybody on its network finds this endpoint alone, whatever aliases others have. */
  #ownName({ network: id, containerName, shortId = containerName }: NamedEndpoint): string {
    const { name, names } = this.#network(id);
    const isOwn = (host: string) => names.get(foldName(host))?.size === 1 && fitsMessage(`${host}.${name}`);
    return `${isOwn(containerName) ? containerName : shortId}.${name}`;
  }

  #written(attached: readonly NamedEndpoint[], name: string): readonly RecordData[] | undefined {
    for (const { network } of attached) {
      const found = this.#networks.get(network)?.book?.find(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #reverse(attached: readonly NamedEndpoint[], address: IpAddress): string | undefined {
    for (const { network: id } of attached) {
      const network = this.#networks.get(id);
      const [endpoint] = network?.addresses.get(address) ?? [];
      if (endpoint !== undefined) return `${endpoint.containerName}.${network?.name ?? ''}`;
    }
    return undefined;
  }

  #network(id: string): Network {
    let network = this.#networks.get(id);
    if (network === undefined) {
      network = { name: '', names: new Map(), addresses: new Map() };
      this.#networks.set(id, network);
    }
    return network;
  }

  #dropIfEmpty(id: string, network: Network): void {
    if (network.names.size === 0 && !this.#named.has(id)) this.#networks.delete(id);
  }

  #sort(sandbox: string): void {
    const nameOf = (id: string) => this.#networks.get(id)?.name ?? '';
    this.#sandboxes.get(sandbox)?.sort((one, other) => compareEndpoints(one, other, nameOf));
  }
}

/**
 * The order in which Docker chooses a default gateway and searches for names: higher priority, then not internal, then
 * gateways for more IP versions, then the network's name.
 */
function compareEndpoints(one: NamedEndpoint, other: NamedEndpoint, nameOf: (network: string) => string): number {
  const [name, otherName] = [nameOf(one.network), nameOf(other.network)];
  return (
    (other.gatewayPriority ?? 0) - (one.gatewayPriority ?? 0) ||
    Number(one.internal ?? false) - Number(other.internal ?? false) ||
    (other.gatewayFamilies ?? 0) - (one.gatewayFamilies ?? 0) ||
    (name < otherName ? -1 : Number(name > otherName))
  );
}

function addressesOf(endpoints: readonly NamedEndpoint[] | undefined): readonly IpAddress[] | undefined {
  return endpoints && [...new Set(endpoints.flatMap(({ addresses }) => addresses))];
}

function ownAddresses({ addresses, collective }: NamedEndpoint): readonly IpAddress[] {
  return collective ? [] : addresses;
}

/** Each name once, as it is looked up. */
function namesOf(endpoint: NamedEndpoint): Set<string> {
  const { containerName, aliases = [], shortId, hostname } = endpoint;
  const names = [containerName, ...aliases, shortId, hostname].filter((name) => name !== undefined && name !== '');
  return new Set(names.map((name) => foldName(name ?? '')));
}
