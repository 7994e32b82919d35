import {
  FairleadError,
  type Family,
  familyOf,
  type IpAddress,
  isCidr,
  type Prefix,
  parseInterfaceAddress,
  parseIpAddress,
  parsePrefix,
  prefixContains,
  prefixesOverlap,
  prefixFamily,
  prefixLength,
  tryParseIpAddress,
} from '@fairlead/base';

/** One entry of a network's IPAM configuration as the user wrote it; empty and absent are the same. */
export interface IpamConfigEntry {
  readonly subnet?: string | undefined;
  readonly range?: string | undefined;
  readonly gateway?: string | undefined;
  /** Addresses to keep from containers, by name. */
  readonly auxiliary?: Readonly<Record<string, string>> | undefined;
}

/** One validated entry. */
export interface SubnetRequest {
  readonly subnet: Prefix;
  readonly range?: Prefix | undefined;
  readonly gateway?: IpAddress | undefined;
  readonly auxiliary: ReadonlyMap<string, IpAddress>;
}

/**
 * Parse a network's IPAM configuration, IPv4 entries first. Entries of IPv6 are left out when IPv6 is off, and so are
 * entries that ask for nothing.
 *
 * @throws FairleadError `invalid-argument` with everything that is wrong, in Docker's words.
 */
export function parseIpamConfig(
  entries: readonly IpamConfigEntry[],
  options: { ipv6Enabled: boolean },
): SubnetRequest[] {
  const messages = validateIpamConfig(entries, options);
  if (messages.length > 0) throw new FairleadError('invalid-argument', `invalid network config:\n${listed(messages)}`);
  return entries
    .filter((entry) => !isEmpty(entry) && (options.ipv6Enabled || !isIpv6(entry)))
    .map(toRequest)
    .sort((a, b) => prefixFamily(a.subnet) - prefixFamily(b.subnet));
}

/** What is wrong with a network's IPAM configuration: one message per fault, in Docker's order. */
export function validateIpamConfig(entries: readonly IpamConfigEntry[], options: { ipv6Enabled: boolean }): string[] {
  return entries.filter((entry) => !isEmpty(entry)).flatMap((entry) => entryFaults(entry, options.ipv6Enabled));
}

function entryFaults(entry: IpamConfigEntry, ipv6Enabled: boolean): string[] {
  const text = entry.subnet ?? '';
  if (!isCidr(text)) return [`invalid subnet ${text}: invalid CIDR block notation`];
  const subnet = parsePrefix(text);
  if (isIpv6(entry) && !ipv6Enabled) return [];
  const faults: string[] = [];
  const { canonical, given } = spelled(text);
  if (given !== canonical) faults.push(`invalid subnet ${given}: it should be ${canonical}`);
  // Docker names the subnet as it was given, host bits included.
  if (entry.range) faults.push(...rangeFaults(entry.range, subnet, given));
  const gateway = entry.gateway ? addressFault(entry.gateway, subnet, given) : undefined;
  if (gateway !== undefined) faults.push(`invalid gateway ${entry.gateway}: ${gateway}`);
  for (const [name, address] of Object.entries(entry.auxiliary ?? {})) {
    const fault = address === '' ? undefined : addressFault(address, subnet, given);
    if (fault !== undefined) faults.push(`invalid auxiliary address ${name}: ${fault}`);
  }
  return faults;
}

function rangeFaults(text: string, subnet: Prefix, subnetText: string): string[] {
  if (!isCidr(text)) return [`invalid ip-range ${text}: invalid CIDR block notation`];
  const range = parsePrefix(text);
  const family = prefixFamily(subnet);
  if (prefixFamily(range) !== family) {
    return [`invalid ip-range ${text}: parent subnet is an ${familyName(family)} block`];
  }
  const faults: string[] = [];
  if (prefixLength(range) < prefixLength(subnet)) {
    faults.push(`invalid ip-range ${text}: CIDR block is bigger than its parent subnet ${subnetText}`);
  }
  const { canonical, given } = spelled(text);
  if (given !== canonical) faults.push(`invalid ip-range ${given}: it should be ${canonical}`);
  if (!prefixesOverlap(subnet, range)) {
    faults.push(`invalid ip-range ${text}: parent subnet ${subnetText} doesn't contain ip-range`);
  }
  return faults;
}

function addressFault(text: string, subnet: Prefix, subnetText: string): string | undefined {
  const address = tryParseIpAddress(text);
  if (address === undefined) return 'invalid address';
  const family = prefixFamily(subnet);
  if (familyOf(address) !== family) return `parent subnet is an ${familyName(family)} block`;
  if (!prefixContains(subnet, address)) return `parent subnet ${subnetText} doesn't contain this address`;
  return undefined;
}

function toRequest(entry: IpamConfigEntry): SubnetRequest {
  return {
    subnet: parsePrefix(entry.subnet ?? ''),
    range: entry.range ? parsePrefix(entry.range) : undefined,
    gateway: entry.gateway ? parseIpAddress(entry.gateway) : undefined,
    auxiliary: new Map(
      Object.entries(entry.auxiliary ?? {})
        .filter(([, address]) => address !== '')
        .map(([name, address]) => [name, parseIpAddress(address)]),
    ),
  };
}

/** A CIDR as it was given and as it should have been, both in canonical spelling of the address. */
function spelled(text: string): { given: string; canonical: string } {
  return { given: parseInterfaceAddress(text), canonical: parsePrefix(text) };
}

function isIpv6({ subnet = '' }: IpamConfigEntry): boolean {
  return isCidr(subnet) && prefixFamily(parsePrefix(subnet)) === 6;
}

function isEmpty({ subnet, range, gateway, auxiliary }: IpamConfigEntry): boolean {
  return !subnet && !range && !gateway && Object.keys(auxiliary ?? {}).length === 0;
}

function familyName(family: Family): string {
  return `IPv${family}`;
}

/** One message stands as it is, several become a list. */
function listed(messages: readonly string[]): string {
  return messages.length === 1 ? (messages[0] ?? '') : messages.map((message) => `* ${message}`).join('\n');
}
