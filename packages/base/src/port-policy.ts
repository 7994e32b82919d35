import { FairleadError } from './errors.ts';
import { familyOf, tryParseIpAddress } from './ip-address.ts';
import { parsePortProtocol, parsePortRange, portsIn } from './port-spec.ts';
import { familyBits, isCidr, type Prefix, parsePrefix, prefixCovers, prefixOf } from './prefix.ts';

/**
 * Who may ask for a published port: whoever has one of the addresses and comes by one of the interfaces. The host itself
 * always may.
 */
export interface PortPolicy {
  /** Absent means any address; an empty list means nobody's. A family that is not in it is kept out. */
  readonly sources?: readonly Prefix[];
  /** Interfaces of the host by which requests come in; absent means any. */
  readonly interfaces?: readonly string[];
}

/** Policies by container port, `80/tcp`; {@link anyPort} is for all that have none of their own. */
export type PortPolicies = Readonly<Record<string, PortPolicy>>;

/** The key of a policy for every port. */
export const anyPort = '*';

/**
 * Read lists as they are written in labels and options: `10.0.0.0/8,192.0.2.1` and `eth0,wg0`.
 *
 * @param sources an empty text means nobody.
 * @throws FairleadError `invalid-argument`.
 */
export function parsePortPolicy(sources: string | undefined, interfaces: string | undefined): PortPolicy {
  return {
    ...(sources !== undefined && { sources: maximal(wordsOf(sources).map(parseSource)) }),
    ...(interfaces !== undefined && { interfaces: [...new Set(wordsOf(interfaces).map(parseInterface))] }),
  };
}

/**
 * Part what is asked for in the notation of `-p` from who may use it: `8080:80,from=10.0.0.0/8,from=192.0.2.1,via=eth0`.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function splitPolicy(text: string): { readonly spec: string; readonly policy?: PortPolicy } {
  const [spec = '', ...words] = text.split(',');
  if (words.length === 0) return { spec };
  const valuesOf = (name: string) => {
    const given = words.filter((word) => word.startsWith(`${name}=`)).map((word) => word.slice(name.length + 1));
    return given.length === 0 ? undefined : given.join(',');
  };
  const strange = words.find((word) => !/^(from|via)=/.test(word));
  if (strange !== undefined) throw invalid(`invalid port option: ${strange}: expected from=SOURCE or via=INTERFACE`);
  return { spec, policy: parsePortPolicy(valuesOf('from'), valuesOf('via')) };
}

/** What {@link splitPolicy} reads, without the port. */
export function formatPolicy({ sources, interfaces }: PortPolicy): string {
  const from = sources?.length === 0 ? ['from='] : (sources ?? []).map((source) => `from=${source}`);
  return [...from, ...(interfaces ?? []).map((name) => `via=${name}`)].join(',');
}

/**
 * The canonical keys of a port or a range: `80`, `53/udp`, `8000-8010/tcp`, or `*`.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function policyKeys(text: string): string[] {
  if (text === anyPort) return [anyPort];
  const [ports = '', protocol = 'tcp'] = text.split('/');
  const range = parsePortRange(ports);
  if (range === undefined || range.first === 0) throw invalid(`invalid containerPort: ${ports}`);
  const name = parsePortProtocol(protocol);
  return portsIn(range).map((port) => `${port}/${name}`);
}

/** Addresses without those that others of them cover: the kernel takes no intervals that overlap. */
export function maximal(prefixes: readonly Prefix[]): Prefix[] {
  const different = [...new Set(prefixes)];
  return different.filter((prefix) => !different.some((other) => other !== prefix && prefixCovers(other, prefix)));
}

/** An address alone stands for itself. */
function parseSource(text: string): Prefix {
  if (isCidr(text)) return parsePrefix(text);
  const address = tryParseIpAddress(text);
  if (address === undefined) throw invalid(`invalid source: ${text}`);
  return prefixOf(address, familyBits(familyOf(address)));
}

/** What the kernel takes for a name: dev_valid_name() in net/core/dev.c. */
function parseInterface(text: string): string {
  if (/^[^\s/:"]{1,15}$/.test(text) && text !== '.' && text !== '..') return text;
  throw invalid(`invalid interface: ${text}`);
}

function wordsOf(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
