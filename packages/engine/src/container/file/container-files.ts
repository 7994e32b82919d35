import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Family, type IpAddress, isNotFound, type Owner, parseIpAddress } from '@fairlead/base';
import {
  asksByIpv6,
  type Endpoint,
  gatewayAddress,
  hasNames,
  hostResolvConf,
  hostsFile,
  internalResolvConf,
  isGatewayService,
  lanSearch,
  type Network,
  type NetworkController,
  parseResolvConf,
} from '@fairlead/network';
import type { EngineSettings } from '../../context.ts';
import { readHostResolvConf } from '../../host-resolver-file.ts';
import { isCached, isRemoteLog } from '../../log/log-options.ts';
import type { Container } from '../../model.ts';
import { identitiesOf, rootOf } from '../isolation/user-namespace.ts';
import type { LegacyLinks } from '../network/legacy-links.ts';
import { overwrite, rewriteLines, rewriteUnlessEdited, writeOwned } from './owned-file.ts';

/** Files of a container on the host. */
export interface ContainerFiles {
  readonly directory: string;
  readonly hosts: string;
  readonly hostname: string;
  readonly resolvConf: string;
  readonly log: string;
  /** Directory of the pipes; gone after a reboot. */
  readonly pipes: string;
}

/** Paths of a container's files. */
export function containerFiles(settings: Pick<EngineSettings, 'dataRoot' | 'execRoot'>, id: string): ContainerFiles {
  const directory = join(settings.dataRoot, 'containers', id);
  return {
    directory,
    hosts: join(directory, 'hosts'),
    hostname: join(directory, 'hostname'),
    resolvConf: join(directory, 'resolv.conf'),
    log: join(directory, `${id}-json.log`),
    pipes: join(settings.execRoot, 'io', id),
  };
}

/** Where the log of a container is; `undefined` when it has none. */
export function containerLog(
  { id, config }: Pick<Container, 'id' | 'config'>,
  settings: Pick<EngineSettings, 'dataRoot' | 'execRoot'>,
): string | undefined {
  const { directory, log } = containerFiles(settings, id);
  const { type, options } = config.host.logConfig;
  if (type === 'none') return undefined;
  if (isRemoteLog(type)) return isCached(options) ? join(directory, 'container-cached.log') : undefined;
  return type === 'local' ? join(directory, 'local-logs', 'container.log') : log;
}

/** Writes the three files that every container gets, and writes them again when its networks change. */
export class FileWriter {
  readonly #settings: EngineSettings;
  readonly #network: NetworkController;
  readonly #links: LegacyLinks;

  constructor(settings: EngineSettings, network: NetworkController, links: LegacyLinks) {
    this.#settings = settings;
    this.#network = network;
    this.#links = links;
  }

  /** Make the directory and everything in it, before the runtime binds the files. */
  create(container: Container, hostname: string, networks: readonly Network[]): ContainerFiles {
    const files = containerFiles(this.#settings, container.id);
    mkdirSync(files.directory, { recursive: true, mode: 0o710 });
    const root = rootOf(identitiesOf(container.config, this.#settings));
    if (root !== undefined) letIn(files.directory, root);
    overwrite(files.hostname, `${hostname}\n`);
    const family = asksByIpv6(networks) ? 6 : 4;
    writeOwned(files.resolvConf, this.#resolvConf(container, networks, [], family));
    this.writeHosts(container, hostname, []);
    if (root !== undefined) {
      for (const path of [files.hosts, files.hostname, files.resolvConf]) chownSync(path, root.uid, root.gid);
    }
    return files;
  }

  /** Write `/etc/hosts` of a container that starts. */
  writeHosts(container: Container, hostname: string, endpoints: readonly Endpoint[]): void {
    writeOwned(containerFiles(this.#settings, container.id).hosts, this.#hosts(container, hostname, endpoints));
  }

  /** Write `/etc/resolv.conf` of a container that starts anew when its LANs have said which domains are theirs. */
  writeSearch(container: Container, networks: readonly Network[], endpoints: readonly Endpoint[]): void {
    if (lanSearch(endpoints).length === 0) return;
    const { resolvConf } = containerFiles(this.#settings, container.id);
    const family = asksByIpv6(networks) ? 6 : 4;
    writeOwned(resolvConf, this.#resolvConf(container, networks, endpoints, family));
  }

  /** Bring files of a container that runs up to date; what it has changed itself stays. */
  update(container: Container, hostname: string): void {
    const all = container.sandbox === undefined ? [] : this.#network.endpointsIn(container.sandbox);
    const joined = all.map((endpoint) => ({ endpoint, network: this.#network.findNetwork(endpoint.network) }));
    const networks = joined.map(({ network }) => network);
    // Nobody has asked for the one that the engine adds by itself.
    const endpoints = joined.filter((item) => !isGatewayService(item)).map(({ endpoint }) => endpoint);
    const files = containerFiles(this.#settings, container.id);
    rewriteLines(files.hosts, this.#hosts(container, hostname, endpoints));
    const { resolver } = this.#network.sandbox(container.sandbox ?? '') ?? {};
    const family = resolver?.ipv6 !== undefined && asksByIpv6(networks) ? 6 : 4;
    rewriteUnlessEdited(files.resolvConf, this.#resolvConf(container, networks, endpoints, family));
  }

  #hosts(container: Container, hostname: string, endpoints: readonly Endpoint[]): string {
    const { config } = container;
    if (config.host.networkMode === 'host' && config.host.extraHosts.length === 0) return readOptional('/etc/hosts');
    return hostsFile({
      hostname,
      domainname: config.domainname ?? '',
      extraHosts: config.host.extraHosts,
      hostGateways: hostGateways(this.#settings, this.#network),
      endpoints,
      links: this.#links.hosts(container),
    });
  }

  /** The name service if any network has names, else the host's servers. */
  #resolvConf(
    container: Container,
    networks: readonly Network[],
    endpoints: readonly Endpoint[],
    family: Family,
  ): string {
    const { text, source } = readHostResolvConf();
    const host = parseResolvConf(text);
    const own = dnsConfig(container, this.#settings);
    // A host of a LAN looks for short names in the LAN's domains, as its other hosts do.
    const dns = own.search.length > 0 ? own : { ...own, search: lanSearch(endpoints) };
    return networks.some(hasNames)
      ? internalResolvConf(host, dns, source, family)
      : hostResolvConf(host, dns, source, container.config.host.networkMode !== 'host');
  }

  /** Remove everything of a container. */
  remove(id: string): void {
    const files = containerFiles(this.#settings, id);
    rmSync(files.directory, { recursive: true, force: true });
    rmSync(files.pipes, { recursive: true, force: true });
  }
}

/** What `host-gateway` stands for in `--add-host`: what the daemon was told, else the gateways of the default network. */
export function hostGateways(settings: EngineSettings, network: NetworkController): IpAddress[] {
  if (settings.hostGateways.length > 0) return settings.hostGateways.map(parseIpAddress);
  try {
    const bridge = network.findNetwork('bridge');
    return [gatewayAddress(bridge, 4), gatewayAddress(bridge, 6)].filter((address) => address !== undefined);
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** What a container's resolver is told: its own wishes, else the daemon's. */
export function dnsConfig({ config }: Container, settings: EngineSettings): EngineSettings['dns'] {
  const { dns, dnsSearch, dnsOptions } = config.host;
  return {
    servers: dns.length > 0 ? dns : settings.dns.servers,
    search: dnsSearch.length > 0 ? dnsSearch : settings.dns.search,
    options: dnsOptions.length > 0 ? dnsOptions : settings.dns.options,
  };
}

/** Who is root in a container has to get at the files that are bound in there; nobody else has to see any. */
function letIn(directory: string, root: Owner): void {
  chmodSync(dirname(directory), 0o711);
  chownSync(directory, 0, root.gid);
}

function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
