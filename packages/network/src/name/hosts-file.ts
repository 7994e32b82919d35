import type { IpAddress } from '@fairlead/base';
import type { Endpoint } from '../model.ts';

/** What a container's `/etc/hosts` is made of. */
export interface HostsFile {
  readonly hostname: string;
  readonly domainname: string;
  /** `name:address` as given by `--add-host`. */
  readonly extraHosts: readonly string[];
  /** What `host-gateway` stands for, per family. */
  readonly hostGateways: readonly IpAddress[];
  readonly endpoints: readonly Pick<Endpoint, 'ipv4' | 'ipv6'>[];
  /** Legacy links of the default bridge: address and the names it goes by. */
  readonly links: readonly { readonly address: IpAddress; readonly names: readonly string[] }[];
}

const LOCALHOST = ['127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback'];
const MULTICAST = [
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
];

/** The text of `/etc/hosts`, laid out as Docker's. */
export function hostsFile(file: HostsFile): string {
  const lines = [...LOCALHOST, ...MULTICAST];
  for (const entry of file.extraHosts) lines.push(...extraHostLines(entry, file.hostGateways));
  for (const { address, names } of file.links) lines.push(`${address}\t${names.join(' ')}`);
  const own = ownNames(file);
  for (const { ipv4, ipv6 } of file.endpoints) {
    for (const address of [ipv4, ipv6]) if (address !== undefined) lines.push(`${address}\t${own}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The whole name, and what it begins with; a domain may stand in either part. */
function ownNames({ hostname, domainname }: HostsFile): string {
  const whole = domainname === '' ? hostname : `${hostname}.${domainname}`;
  const at = whole.indexOf('.');
  return at === -1 ? whole : `${whole} ${whole.slice(0, at)}`;
}

function extraHostLines(entry: string, gateways: readonly IpAddress[]): string[] {
  const at = entry.indexOf(':');
  const name = entry.slice(0, at);
  const address = entry.slice(at + 1);
  if (address === 'host-gateway') return gateways.map((gateway) => `${gateway}\t${name}`);
  return [`${address.replace(/^\[(.*)\]$/, '$1')}\t${name}`];
}
