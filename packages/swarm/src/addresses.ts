import { FairleadError, isUnspecified, parsePrefix, prefixLength, tryParseIpAddress } from '@fairlead/base';

/** An address that an interface of this machine has. */
export interface HostAddress {
  readonly interface: string;
  readonly address: string;
  readonly isLoopback: boolean;
  /** A bridge, a cable to a container: no device that others would be reached through. */
  readonly isVirtual: boolean;
  /** It belongs to a network of the engine's own. */
  readonly isManaged: boolean;
}

/** Where a swarm is reached, as the request to make one says. */
export interface AddressRequest {
  readonly listenAddress: string;
  readonly advertiseAddress: string;
}

/** `ADDRESS:PORT` of both. */
export interface ChosenAddresses {
  readonly listenAddress: string;
  readonly advertiseAddress: string;
}

const badListen = 'listen address must be an IP address or network interface (with optional port number)';
const badAdvertise = 'advertise address must be a non-zero IP address or network interface (with optional port number)';
const noAddress = "could not find the system's IP address";
const DEFAULT_PORT = '2377';

/**
 * The addresses of a new swarm: those asked for, by address or by interface, else the machine's only one.
 *
 * @throws FairleadError `invalid-argument` in dockerd's words (moby, daemon/cluster/listen_addr.go).
 */
export function chooseAddresses(request: AddressRequest, host: readonly HostAddress[]): ChosenAddresses {
  const listen = split(request.listenAddress, DEFAULT_PORT);
  if (listen.host === '') throw invalid(`invalid ListenAddr "${request.listenAddress}": invalid empty address`);
  const listenHost = resolved(listen.host, host, true, badListen);
  const advertised = split(request.advertiseAddress, listen.port);
  const advertiseHost =
    advertised.host === '' ? onlyAddress(host) : resolved(advertised.host, host, false, badAdvertise);
  return {
    listenAddress: joined(listenHost, listen.port),
    advertiseAddress: joined(advertiseHost, advertised.port),
  };
}

/** `10.0.0.1:2377` without its port. */
export function hostOf(address: string): string {
  return split(address, '').host;
}

/** @throws FairleadError `invalid-argument` in dockerd's words for pools that subnets of that size do not fit into. */
export function requireAddressPools(pools: readonly string[], subnetSize: number): void {
  // Of a smaller one the network itself would need most.
  if (subnetSize > 29) throw invalid(`subnet size is out of range: ${subnetSize}`);
  for (const pool of pools) {
    const text = pool.trim();
    const prefix = prefixOrNone(text);
    if (prefix === undefined) throw invalid(`invalid base pool ${text}: invalid CIDR address: ${text}`);
    if (subnetSize < prefixLength(prefix))
      throw invalid(`invalid CIDR: "${text}". Subnet size is too small for pool: ${subnetSize}`);
  }
}

/** @returns the port, or VXLAN's own where none was asked for. @throws FairleadError in dockerd's words. */
export function dataPathPort(asked: number): number {
  if (asked === 0) return 4789;
  if (asked < 1024 || asked > 49151)
    throw invalid(`Datapath port number is not in valid range (1024-49151) : ${asked}`);
  return asked;
}

function prefixOrNone(text: string) {
  try {
    return parsePrefix(text);
  } catch {
    return undefined;
  }
}

function resolved(text: string, host: readonly HostAddress[], mayBeZero: boolean, words: string): string {
  const own = host.filter((entry) => entry.interface === text).map(({ address }) => address);
  if (own.length > 0) return ofInterface(text, own);
  const address = tryParseIpAddress(text);
  if (address === undefined || (!mayBeZero && isUnspecified(address))) throw invalid(words);
  return text;
}

/** IPv4 before IPv6, and not one of several. */
function ofInterface(name: string, addresses: readonly string[]): string {
  for (const family of ['IPv4', 'IPv6'] as const) {
    const of = addresses.filter((address) => address.includes(':') === (family === 'IPv6'));
    if (of.length > 1) throw invalid(`interface ${name} has more than one ${family} address (${of[0]} and ${of[1]})`);
  }
  return addresses.find((address) => !address.includes(':')) ?? addresses[0] ?? '';
}

/** The one address that this machine has for others. */
function onlyAddress(host: readonly HostAddress[]): string {
  const usable = host.filter(({ address, isLoopback }) => !isLoopback && !isLinkLocal(address));
  const devices = usable.filter(({ isVirtual }) => !isVirtual);
  // In a container, and in a namespace, all interfaces are virtual.
  const candidates = devices.length > 0 ? devices : usable.filter(({ isManaged }) => !isManaged);
  const chosen: HostAddress[] = [];
  for (const name of new Set(candidates.map((entry) => entry.interface))) {
    const own = candidates.filter((entry) => entry.interface === name);
    for (const isV6 of [false, true]) {
      const [first, second] = own.filter(({ address }) => address.includes(':') === isV6);
      if (first !== undefined && second !== undefined) throw ambiguous(first, second);
    }
    const best = own.find(({ address }) => !address.includes(':')) ?? own[0];
    if (best !== undefined) chosen.push(best);
  }
  const [first, second] = chosen;
  if (first === undefined) throw invalid(noAddress);
  if (second !== undefined) throw ambiguous(first, second);
  return first.address;
}

function ambiguous(a: HostAddress, b: HostAddress): FairleadError {
  const what = 'could not choose an IP address to advertise since this system has multiple addresses on';
  const where =
    a.interface === b.interface
      ? `interface ${a.interface} (${a.address} and ${b.address})`
      : `different interfaces (${a.address} on ${a.interface} and ${b.address} on ${b.interface})`;
  return invalid(`${what} ${where}`);
}

function isLinkLocal(address: string): boolean {
  return address.startsWith('169.254.') || /^fe[89ab]/i.test(address);
}

/** Host and port of `host`, `host:port`, `v6` and `[v6]:port`. */
function split(text: string, defaultPort: string): { readonly host: string; readonly port: string } {
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(text);
  if (bracketed !== null) return { host: bracketed[1] ?? '', port: bracketed[2] ?? defaultPort };
  if ((text.match(/:/g) ?? []).length > 1) return { host: text, port: defaultPort };
  const [host = '', port = defaultPort] = text.split(':');
  return { host, port };
}

function joined(host: string, port: string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
