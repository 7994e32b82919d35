import { FairleadError, type Family, familyOf, type IpAddress } from '@fairlead/base';
import type { NamespaceName } from '@fairlead/netlink';
import { addressOn, type ContainerPlace, type Directory, ownerOf, type Publication } from './model/directory.ts';
import { type PlaceSpec, parsePlaceSpec } from './model/place-spec.ts';
import type { ProbeProtocol } from './packet/packet-header.ts';

/** What is to be traced. */
export interface TraceRequest {
  /** A container, `host`, `outside`, or an address. */
  readonly from: string;
  /** The same, or a name as the source knows it; with `:PORT`, unless it is ICMP. */
  readonly to: string;
  /** Default: TCP with a port, ICMP without. */
  readonly protocol?: ProbeProtocol;
  /** Default: IPv4 where both ends have it. */
  readonly family?: Family;
  /** Make a real connection instead of a first packet only. */
  readonly connect?: boolean;
  /** Bytes of the packet, for UDP and ICMP. */
  readonly size?: number;
  /** Milliseconds to wait for an answer. */
  readonly timeout?: number;
  /** Number of the fix to try, from 1: the trace is done before and after it. */
  readonly apply?: number;
  /** Commands of the fix that somebody has agreed to: no other one is tried. */
  readonly agreed?: readonly string[];
  /** Also give the packets that were seen, as a file. */
  readonly pcapng?: boolean;
}

/** Where a probe starts. */
export interface ProbeSource {
  readonly name: string;
  readonly namespace: NamespaceName;
  readonly container?: ContainerPlace;
  /** True for what comes by the wire. */
  readonly arrival: boolean;
  /** As it was asked for; otherwise the route decides. */
  readonly address?: IpAddress;
}

/** Where a probe is to arrive, by name. */
export interface ProbeTarget {
  readonly name: string;
  readonly port?: number;
  /** Absent where the name has to be looked up first. */
  readonly addresses?: readonly IpAddress[];
}

/** Addresses of the host, as far as they matter here. */
export interface HostAddresses {
  /** Address of the interface with the default route. */
  readonly uplink: (family: Family) => IpAddress | undefined;
  /** The default gateway. */
  readonly gateway: (family: Family) => IpAddress | undefined;
  readonly all: ReadonlySet<IpAddress>;
}

/**
 * Find where a probe starts.
 *
 * @throws FairleadError `not-found` for a name that nobody has, `conflict` for a container that does not run.
 */
export function findSource(text: string, directory: Directory, host: HostAddresses): ProbeSource {
  const { name, address, port } = parsePlaceSpec(text);
  if (port !== undefined) throw invalid(`the source cannot have a port: ${text}`);
  if (name === 'host') return { name, namespace: '', arrival: false };
  if (name === 'outside') return { name, namespace: '', arrival: true };
  if (name !== undefined) return containerSource(requireContainer(name, directory));
  if (address === undefined) throw invalid(`no such place: ${text}`);
  const owner = ownerOf(directory, address);
  if (owner !== undefined) return { ...containerSource(owner.container), address };
  if (host.all.has(address)) return { name: 'host', namespace: '', arrival: false, address };
  return { name: 'outside', namespace: '', arrival: true, address };
}

function containerSource(container: ContainerPlace): ProbeSource {
  const { name, namespace } = container;
  if (namespace === undefined) throw new FairleadError('conflict', `container ${name} is not running`);
  return { name, namespace, container, arrival: false };
}

/** By name, id, or the beginning of one. @throws FairleadError `not-found`. */
function requireContainer(reference: string, { containers }: Directory): ContainerPlace {
  const found =
    containers.find(({ name, id }) => name === reference || id === reference) ??
    containers.find(({ id }) => reference.length >= 4 && id.startsWith(reference));
  if (found === undefined) throw new FairleadError('not-found', `No such container: ${reference}`);
  return found;
}

/** What a target depends on besides its name. */
interface TargetContext {
  readonly directory: Directory;
  readonly host: HostAddresses;
  readonly protocol?: ProbeProtocol;
  /** Absent where any will do. */
  readonly family?: Family | undefined;
}

/** Find where a probe is to arrive, as seen from its source. */
export function findTarget(
  text: string,
  source: ProbeSource,
  { directory, host, protocol, family }: TargetContext,
): ProbeTarget {
  const spec = parsePlaceSpec(text);
  const { name, address } = spec;
  const port = spec.port === undefined ? {} : { port: spec.port };
  if (address !== undefined) return { name: nameOfAddress(address, directory, host), addresses: [address], ...port };
  if (name === 'outside') return { name, addresses: present([host.gateway(4), host.gateway(6)]), ...port };
  if (name === 'host') return { name, addresses: hostAddresses(source, directory, host), ...port };
  if (source.container !== undefined && source.namespace !== '') return { name: name ?? '', ...port };
  const container = directory.containers.find((candidate) => candidate.name === name || candidate.id === name);
  if (container === undefined) return { name: name ?? '', ...port };
  return containerTarget(container, spec, source, { host, protocol: protocol ?? 'tcp', family });
}

/** From outside a container is reached by its published port, if it has one; else by its own address. */
function containerTarget(
  container: ContainerPlace,
  { port }: PlaceSpec,
  source: ProbeSource,
  { host, protocol, family }: Omit<TargetContext, 'directory'>,
): ProbeTarget {
  const own = container.attachments.flatMap(({ ipv4, ipv6 }) => present([ipv4, ipv6]));
  const { name } = container;
  const publications = container.publications.filter(
    (each) =>
      each.protocol === protocol &&
      contains(each.containerPorts, port) &&
      (family === undefined || familyOf(each.hostAddress) === family),
  );
  const [publication] = publications;
  if (!source.arrival || port === undefined || publication === undefined) {
    return { name, addresses: own, ...(port === undefined ? {} : { port }) };
  }
  const hostPort = hostPortOf(publication, port);
  // It may be published under several ports: addresses are those of the one that is tried.
  const same = publications.filter((each) => hostPortOf(each, port) === hostPort);
  return { name, addresses: same.flatMap((each) => reachableAddress(each, host)), port: hostPort };
}

function hostPortOf({ hostPorts, containerPorts }: Publication, port: number): number {
  return hostPorts.first + port - containerPorts.first;
}

function reachableAddress({ hostAddress }: Publication, host: HostAddresses): IpAddress[] {
  if (hostAddress === '0.0.0.0') return present([host.uplink(4)]);
  return hostAddress === '::' ? present([host.uplink(6)]) : [hostAddress];
}

function hostAddresses(source: ProbeSource, directory: Directory, host: HostAddresses): IpAddress[] {
  const networks = source.container?.attachments.map(({ network }) => network) ?? [];
  const gateways = directory.networks
    .filter(({ name, driver }) => networks.includes(name) && driver === 'bridge')
    .flatMap(({ gateways: addresses }) => addresses);
  return gateways.length > 0 ? gateways : present([host.uplink(4), host.uplink(6)]);
}

function nameOfAddress(address: IpAddress, directory: Directory, host: HostAddresses): string {
  return ownerOf(directory, address)?.container.name ?? (host.all.has(address) ? 'host' : 'outside');
}

/** The container behind an address and port, with the port that it has there. */
export function behindAddress(
  directory: Directory,
  host: HostAddresses,
  end: { readonly address: IpAddress; readonly port?: number; readonly protocol: ProbeProtocol },
): { readonly container: ContainerPlace; readonly port?: number; readonly published: boolean } | undefined {
  const { address, port, protocol } = end;
  const owner = ownerOf(directory, address);
  if (owner !== undefined) return { container: owner.container, published: false, ...(port !== undefined && { port }) };
  if (port === undefined || (!host.all.has(address) && !address.startsWith('127.'))) return undefined;
  for (const container of directory.containers) {
    if (container.namespace === undefined) continue;
    const publication = container.publications.find(
      (each) => each.protocol === protocol && contains(each.hostPorts, port) && listensOn(each.hostAddress, address),
    );
    if (publication === undefined) continue;
    return { container, port: publication.containerPorts.first + port - publication.hostPorts.first, published: true };
  }
  return undefined;
}

/** Ports published on every address of the family, or on this one. */
function listensOn(hostAddress: IpAddress, address: IpAddress): boolean {
  if (hostAddress === address) return true;
  return familyOf(hostAddress) === familyOf(address) && (hostAddress === '0.0.0.0' || hostAddress === '::');
}

/** The protocol that a request means. @throws FairleadError `invalid-argument` where a port is missing. */
export function protocolFor(request: TraceRequest): ProbeProtocol {
  const { port } = parsePlaceSpec(request.to);
  const protocol = request.protocol ?? (port === undefined ? 'icmp' : 'tcp');
  if (protocol !== 'icmp' && port === undefined) throw invalid(`a port is missing: ${request.to}:PORT`);
  if (protocol === 'icmp' && port !== undefined) throw invalid(`ICMP has no ports: ${request.to}`);
  if (request.connect === true && protocol !== 'tcp') throw invalid('only TCP has connections');
  if (request.size !== undefined && protocol === 'tcp')
    throw invalid('a first TCP packet carries no data: use UDP or ICMP');
  return protocol;
}

/** The address to use: of the family asked for, else IPv4 where the source has it. */
export function chooseAddress(
  addresses: readonly IpAddress[],
  source: ProbeSource,
  family: Family | undefined,
): IpAddress | undefined {
  if (family !== undefined) return addresses.find((address) => familyOf(address) === family);
  const own = source.address;
  const families = own !== undefined ? [familyOf(own)] : familiesOf(source.container);
  return (
    families.flatMap((wanted) => addresses.find((address) => familyOf(address) === wanted) ?? []).at(0) ?? addresses[0]
  );
}

/** Families that a source speaks, the preferred one first. */
export function familiesOf(container: ContainerPlace | undefined): Family[] {
  if (container === undefined || container.attachments.length === 0) return [4, 6];
  return ([4, 6] as const).filter((family) =>
    container.attachments.some((attachment) => addressOn(attachment, family) !== undefined),
  );
}

function contains(range: { readonly first: number; readonly last: number }, port: number | undefined): boolean {
  return port !== undefined && port >= range.first && port <= range.last;
}

function present<T>(values: readonly (T | undefined)[]): T[] {
  return values.filter((value) => value !== undefined);
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
