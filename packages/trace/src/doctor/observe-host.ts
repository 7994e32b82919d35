import { readFileSync } from 'node:fs';
import { addressOf, type IpAddress, nameServerAddress } from '@fairlead/base';
import { type Kernel, listNamespaces, type OpenNamespace, readSysctlHere } from '@fairlead/kernel';
import type { AddressObject, KernelObject, RouteObject } from '@fairlead/netlink';
import { readHost } from '../collect/host-addresses.ts';
import { lookUpName, serversIn } from '../collect/name-lookup.ts';
import type { Namespaces } from '../collect/namespaces.ts';
import { readRuleset } from '../collect/ruleset.ts';
import { tcpSockets } from '../collect/socket-table.ts';
import type { ContainerPlace, Directory } from '../model/directory.ts';
import type { HostState, InsideState } from './host-state.ts';

const hostKeys = [
  'net.ipv4.ip_forward',
  'net.ipv6.conf.all.forwarding',
  'net.bridge.bridge-nf-call-iptables',
  'net.bridge.bridge-nf-call-ip6tables',
  'net.netfilter.nf_conntrack_count',
  'net.netfilter.nf_conntrack_max',
];

/** A name that nobody has (RFC 6761): every server that works says so. */
const NOBODY = 'fairlead.invalid';
/** Where containers ask for names. */
const engineNameServers: readonly string[] = Object.values(nameServerAddress);
/** Containers that are asked to look up their own name. */
const NAME_PROOFS = 16;

/**
 * Look at the whole host, once. Sends no packets but to name servers.
 *
 * @param before an earlier look: name servers that let us wait then are not asked again.
 */
export async function observeHost(
  kernel: Kernel,
  namespaces: Namespaces,
  directory: Directory,
  before?: Pick<HostState, 'nameServers'>,
): Promise<Omit<HostState, 'proofs' | 'missingFeatures' | 'silences' | 'rivalries'>> {
  const host = namespaces.get('');
  const objects = kernel.observe('', ['address', 'route', 'rule']);
  const uplinks = readHost(host);
  const [nameServers, ownNames] = await Promise.all([
    before?.nameServers ?? askNameServers(host),
    askOwnNames(namespaces, directory),
  ]);
  return {
    directory,
    links: kernel.links(''),
    routes: routesIn(objects),
    rules: objects.filter((object) => object.kind === 'rule'),
    addresses: objects.filter(isAddress).map(({ address }) => hostPart(address)),
    hasWayOut: { 4: uplinks.device(4) !== undefined, 6: uplinks.device(6) !== undefined },
    sysctls: host.enter(() => readSysctls([...hostKeys, ...bridgeKeys(directory)])),
    chains: readRuleset(host, []).chains,
    namespaces: listNamespaces(),
    inside: directory.containers.flatMap((container) => insideOf(kernel, namespaces, container) ?? []),
    nameServers,
    ownNames,
  };
}

function insideOf(
  kernel: Kernel,
  namespaces: Namespaces,
  { name, namespace, attachments }: ContainerPlace,
): InsideState | undefined {
  if (namespace === undefined || namespace === '') return undefined;
  try {
    const objects = kernel.observe(namespace, ['address', 'route']);
    const open = namespaces.get(namespace);
    const keys = attachments.flatMap(({ interface: device }) => (device === undefined ? [] : linkKeys(device)));
    return {
      container: name,
      links: kernel.links(namespace),
      addresses: objects.filter(isAddress),
      routes: routesIn(objects),
      sockets: tcpSockets(open, ['listen', 'synSent']),
      sysctls: open.enter(() => readSysctls([...linkKeys('all'), ...keys])),
    };
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}

function isAddress(object: KernelObject): object is AddressObject {
  return object.kind === 'address';
}

function routesIn(objects: readonly KernelObject[]): RouteObject[] {
  return objects.filter((object): object is RouteObject => object.kind === 'route');
}

function hostPart(address: AddressObject['address']): IpAddress {
  return addressOf(address);
}

/** Settings of an interface that keep others from finding it, and it from having addresses. */
function linkKeys(device: string): string[] {
  const name = device.replaceAll('.', '/');
  return [`net.ipv4.conf.${name}.arp_ignore`, `net.ipv6.conf.${name}.disable_ipv6`];
}

function bridgeKeys({ networks }: Directory): string[] {
  const bridges = networks.flatMap(({ driver, interface: device }) => (driver === 'bridge' ? (device ?? []) : []));
  return ['all', ...bridges].flatMap(linkKeys);
}

function readSysctls(keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    keys.flatMap((key) => {
      const value = readSysctlHere(key);
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

async function askNameServers(host: OpenNamespace): Promise<HostState['nameServers']> {
  const servers = [...new Set(serversIn(readText('/etc/resolv.conf')))];
  return await Promise.all(
    servers.map(async (server) => {
      const { failure } = await lookUpName(host, { hosts: '', resolvConf: `nameserver ${server}` }, NOBODY, [4]);
      return failure !== undefined && isSilence(failure) ? { server, failure } : { server };
    }),
  );
}

/** That there is no such name is an answer. */
function isSilence(failure: string): boolean {
  return !/NXDOMAIN|SERVFAIL|REFUSED:|no address|response code/.test(failure) && failure !== 'REFUSED';
}

/** Who is on no network but another container's has no name there. */
async function askOwnNames(namespaces: Namespaces, { containers }: Directory): Promise<HostState['ownNames']> {
  const asking = containers
    .filter(
      ({ namespace, files, attachments }) =>
        namespace &&
        attachments.length > 0 &&
        files !== undefined &&
        engineNameServers.includes(serversIn(files.resolvConf)[0] ?? ''),
    )
    .slice(0, NAME_PROOFS);
  const answers = await Promise.all(
    asking.map(async ({ name, namespace = '', files }) => {
      const inside = namespaces.find(namespace);
      if (inside === undefined) return [];
      const { failure } = await lookUpName(inside, { hosts: '', resolvConf: files?.resolvConf ?? '' }, name, [4, 6]);
      return failure === undefined ? { container: name } : { container: name, failure };
    }),
  );
  return answers.flat();
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
