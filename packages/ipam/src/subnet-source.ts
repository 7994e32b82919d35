import { createHash } from 'node:crypto';
import {
  addressOf,
  FairleadError,
  familyBits,
  ipFromInteger,
  isCidr,
  type Prefix,
  parseInterfaceAddress,
  parsePrefix,
  prefixBounds,
  prefixCovers,
  prefixFamily,
  prefixLength,
  prefixOf,
} from '@fairlead/base';

/** A stretch of address space that is cut into subnets of one size. */
export interface SubnetSource {
  readonly base: Prefix;
  /** Length in bits of each subnet that is cut from `base`; never shorter than `base` itself. */
  readonly size: number;
}

const source = (base: string, size: number): SubnetSource => ({ base: parsePrefix(base), size });

/** What networks of this host get their subnets from when nothing is configured, in Docker's order: 31 networks. */
export const localSubnetSources: readonly SubnetSource[] = [
  source('172.17.0.0/16', 16),
  source('172.18.0.0/16', 16),
  source('172.19.0.0/16', 16),
  source('172.20.0.0/14', 16),
  source('172.24.0.0/14', 16),
  source('172.28.0.0/14', 16),
  source('192.168.0.0/16', 20),
];

/** What networks of a swarm get their subnets from when nothing is configured. */
export const swarmSubnetSources: readonly SubnetSource[] = [source('10.0.0.0/8', 24)];

/**
 * The IPv6 source of an engine that has none configured: a unique local /48 (RFC 4193) cut into /64.
 *
 * The 40 bits of the global ID are the low ones of the first eight bytes of SHA-256 of the engine's ID, so an engine
 * keeps its prefix for life and two engines are very unlikely to share one.
 */
export function uniqueLocalSource(engineId: string): SubnetSource {
  const globalId = createHash('sha256').update(engineId).digest().readBigUInt64BE() & 0xff_ffff_ffffn;
  return { base: prefixOf(ipFromInteger(((0xfdn << 40n) | globalId) << 80n, 6), 48), size: 64 };
}

/**
 * All sources of an engine: the configured ones or else the built-in ones, and a unique local IPv6 source when none of
 * the configured ones is IPv6.
 */
export function subnetSources(configured: readonly SubnetSource[], engineId: string): readonly SubnetSource[] {
  const sources = configured.length > 0 ? configured : localSubnetSources;
  return sources.some(({ base }) => prefixFamily(base) === 6) ? sources : [...sources, uniqueLocalSource(engineId)];
}

/**
 * Parse one `default-address-pool` flag: `base=10.10.0.0/16,size=24`.
 *
 * The result still has to pass {@link parseSubnetSources}.
 *
 * @throws FairleadError `invalid-argument` in the words of Docker's flag parser.
 */
export function parseSubnetSourceFlag(flag: string): { base: string; size: number } {
  const parsed = { base: '', size: 0 };
  for (const field of flag.split(',')) {
    const [, key, value = ''] = /^([^=]*)=(.*)$/.exec(field) ?? [];
    if (key === undefined) throw invalid(`invalid field '${field}' must be a key=value pair`);
    if (key === 'base') parsed.base = checkedBase(value);
    else if (key === 'size') parsed.size = checkedSize(field, value);
    else throw invalid(`unexpected key '${key}' in '${field}'`);
  }
  return parsed;
}

/**
 * Validate the `default-address-pools` option and put it in the order of use: by base, without the entries that lie
 * inside an earlier one.
 *
 * @throws FairleadError `invalid-argument`, naming the entry by its place in the list.
 */
export function parseSubnetSources(entries: readonly { base: string; size: number }[]): SubnetSource[] {
  const sources = entries.map(({ base, size }, index) => checkedSource(base, size, index)).sort(byBase);
  const kept: SubnetSource[] = [];
  for (const candidate of sources) {
    const last = kept.at(-1);
    if (last === undefined || !prefixCovers(last.base, candidate.base)) kept.push(candidate);
  }
  return kept;
}

function checkedSource(text: string, size: number, index: number): SubnetSource {
  if (!isCidr(text)) throw invalid(`network at index ${index} is invalid: invalid CIDR address: ${text}`);
  const base = parsePrefix(text);
  const label = `network at index ${index} (${text})`;
  if (addressOf(parseInterfaceAddress(text)) !== addressOf(base)) throw invalid(`${label} is not in canonical form`);
  const length = prefixLength(base);
  if (size < length) {
    throw invalid(`${label} has a smaller prefix (/${length}) than the target size of that pool (/${size})`);
  }
  if (size > familyBits(prefixFamily(base))) throw invalid(`${label} has an invalid target size (/${size})`);
  return { base, size };
}

/** IPv4 before IPv6, then by first address, then the shorter prefix first. */
function byBase(a: SubnetSource, b: SubnetSource): number {
  const family = prefixFamily(a.base) - prefixFamily(b.base);
  if (family !== 0) return family;
  const [left, right] = [prefixBounds(a.base).first, prefixBounds(b.base).first];
  if (left !== right) return left < right ? -1 : 1;
  return prefixLength(a.base) - prefixLength(b.base);
}

function checkedBase(value: string): string {
  if (!isCidr(value)) throw invalid(`invalid base prefix "${value}": invalid CIDR address: ${value}`);
  return value;
}

function checkedSize(field: string, value: string): number {
  if (!/^[+-]?\d+$/.test(value)) throw invalid(`invalid size value: "${field}" (must be integer)`);
  return Number(value);
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
