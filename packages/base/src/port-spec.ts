import { FairleadError } from './errors.ts';
import { hostText, type IpAddress, tryParseIpAddress } from './ip-address.ts';

/** Transport protocols that have ports which can be published. */
export type PortProtocol = 'tcp' | 'udp' | 'sctp';

/** An inclusive range of port numbers; a single port has `first === last`. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** One `-p` of the command line. */
export interface PortSpec {
  readonly protocol: PortProtocol;
  readonly containerPorts: PortRange;
  /** Address to bind on the host; absent means the network's default binding. */
  readonly hostAddress?: IpAddress;
  /** Absent means ephemeral: any free port. May be longer than `containerPorts` when that is a single port. */
  readonly hostPorts?: PortRange;
}

/** Protocols in the order in which messages list them. */
export const portProtocols: readonly PortProtocol[] = ['tcp', 'udp', 'sctp'];

/**
 * Parse the value of `-p`.
 *
 *     spec  = [ [ host ":" ] [ ports ] ":" ] ports [ "/" protocol ]
 *     host  = IPv4 | "[" IPv6 "]"
 *     ports = number [ "-" number ]
 *
 * @throws FairleadError `invalid-argument` in the words of the docker command.
 * @example
 * parsePortSpec('127.0.0.1:8080:80/tcp'); // { protocol: 'tcp', containerPorts: { first: 80, last: 80 }, … }
 */
export function parsePortSpec(text: string): PortSpec {
  const match = /^(?:(?:(\[[^\]]*\]|[^:[\]]*):)?([^:]*):)?([^:/]*)(?:\/([^/]*))?$/.exec(text);
  if (match === null) throw invalid(`invalid IP address: ${text.slice(0, Math.max(0, text.lastIndexOf(':')))}`);
  const [, host, published, target = '', protocol = 'tcp'] = match;
  if (target === '') throw invalid(`no port specified: ${text}<empty>`);
  const containerPorts = parsePortRange(target) ?? fail(`invalid containerPort: ${target}`);
  const spec = { protocol: parsePortProtocol(protocol), containerPorts, ...hostAddressOf(host) };
  if (published === undefined || published === '') return spec;
  const hostPorts = parsePortRange(published) ?? fail(`invalid hostPort: ${published}`);
  if (sizeOfRange(hostPorts) !== sizeOfRange(containerPorts) && sizeOfRange(containerPorts) !== 1) {
    throw invalid(`invalid ranges specified for container and host Ports: ${target} and ${published}`);
  }
  return { ...spec, hostPorts };
}

/** `8080` or `8000-8010`; `undefined` when it is neither or leaves 0-65535. */
export function parsePortRange(text: string): PortRange | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first <= last && last <= 65535 ? { first, last } : undefined;
}

/**
 * A protocol's name in any case.
 *
 * @throws FairleadError `invalid-argument` for any other.
 */
export function parsePortProtocol(text: string): PortProtocol {
  return portProtocols.find((name) => name === text.toLowerCase()) ?? fail(`invalid proto: ${text}`);
}

/** `80` or `80-90`. */
export function formatPortRange(range: PortRange): string {
  return range.first === range.last ? `${range.first}` : `${range.first}-${range.last}`;
}

/** How many ports a range has. */
export function sizeOfRange({ first, last }: PortRange): number {
  return last - first + 1;
}

/** Each port of a range. */
export function portsIn({ first, last }: PortRange): number[] {
  const ports: number[] = [];
  for (let port = first; port <= last; port++) ports.push(port);
  return ports;
}

/** The ports that are in both ranges: none, or one range. */
export function commonRange(a: PortRange, b: PortRange): PortRange[] {
  const [first, last] = [Math.max(a.first, b.first), Math.min(a.last, b.last)];
  return first <= last ? [{ first, last }] : [];
}

/** What is left of a range without the ports of another: nothing, one range or two. */
export function withoutRange({ first, last }: PortRange, removed: PortRange): PortRange[] {
  if (removed.last < first || last < removed.first) return [{ first, last }];
  return [
    ...(first < removed.first ? [{ first, last: removed.first - 1 }] : []),
    ...(removed.last < last ? [{ first: removed.last + 1, last }] : []),
  ];
}

/** The same ports in as few ranges as there can be, in order. */
export function joinRanges(ranges: readonly PortRange[]): PortRange[] {
  const joined: PortRange[] = [];
  for (const { first, last } of [...ranges].sort((a, b) => a.first - b.first)) {
    const before = joined.at(-1);
    const follows = before !== undefined && first <= before.last + 1;
    if (follows) joined.pop();
    joined.push(follows ? { first: before.first, last: Math.max(before.last, last) } : { first, last });
  }
  return joined;
}

/** The text that {@link parsePortSpec} reads back as `spec`. */
export function formatPortSpec(spec: PortSpec): string {
  const host = spec.hostAddress === undefined ? '' : `${hostText(spec.hostAddress)}:`;
  const published = spec.hostPorts === undefined ? '' : formatPortRange(spec.hostPorts);
  const left = host === '' && published === '' ? '' : `${host}${published}:`;
  return `${left}${formatPortRange(spec.containerPorts)}/${spec.protocol}`;
}

function hostAddressOf(text: string | undefined): { hostAddress?: IpAddress } {
  if (text === undefined || text === '') return {};
  const hostAddress = tryParseIpAddress(text.replace(/^\[(.*)\]$/, '$1'));
  return { hostAddress: hostAddress ?? fail(`invalid IP address: ${text}`) };
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}

function fail(message: string): never {
  throw invalid(message);
}
