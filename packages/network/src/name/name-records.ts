import { shortIdentifier } from '@fairlead/base';
import { lanNameServers } from '../lan/lan-fragment.ts';
import type { Sandbox } from '../model.ts';
import type { NameServicePort, ResolverEndpoint, ResolverSandbox } from '../name-service-port.ts';
import { byPrecedence, gatewayFamilies, type Joined } from '../route/gateway.ts';
import type { NetworkState } from '../state.ts';
import { asksByIpv6, dnsNames, hasNames, parseLink } from './dns-names.ts';
import { dnsService } from './dns-options.ts';
import { choosesNdots, parseResolvConf, upstreamServers } from './resolv-conf.ts';

/** Tells the name service what it shall answer. */
export class NameRecords {
  readonly #names: NameServicePort;
  readonly #hostResolvConf: () => string;

  /** @param hostResolvConf text of the host's resolv.conf, read anew for each sandbox. */
  constructor(names: NameServicePort, hostResolvConf: () => string) {
    this.#names = names;
    this.#hostResolvConf = hostResolvConf;
  }

  /**
   * Serve a sandbox, or tell what has changed about it. One that never was on a network with names needs no service; one
   * that was keeps it, for its resolv.conf may say so.
   */
  async serve(sandbox: Sandbox, joined: readonly Joined[]): Promise<Sandbox['resolver']> {
    if (sandbox.resolver === undefined && !joined.some(({ network }) => hasNames(network))) return undefined;
    return await this.#names.openSandbox(this.#sandboxRecord(sandbox, joined));
  }

  /** Publish the names of endpoints; resolves when they are answered. */
  async publish(sandbox: Sandbox, joined: readonly Joined[]): Promise<void> {
    const named = joined.filter(({ network }) => hasNames(network));
    await Promise.all(named.map((item) => this.#names.setEndpoint(endpointRecord(sandbox, item))));
  }

  /** Store and say whether a container is well, where that is news. What cannot be said now is said with the next restart. */
  async setReady(state: Pick<NetworkState, 'sandboxes' | 'joined'>, id: string, ready: boolean): Promise<void> {
    const known = state.sandboxes.get(id);
    if (known === undefined || (known.unready !== true) === ready) return;
    const { unready: _, ...rest } = known;
    const sandbox = state.sandboxes.put({ ...rest, ...(!ready && { unready: true }) });
    await this.publish(sandbox, state.joined(id));
  }

  /** Stop serving a sandbox; harmless when it was not served. */
  async close(sandbox: string): Promise<void> {
    await this.#names.closeSandbox(sandbox);
  }

  /** Stop answering for an endpoint. */
  async withdraw({ endpoint, network }: Joined): Promise<void> {
    if (hasNames(network)) await this.#names.removeEndpoint(endpoint.id);
  }

  #sandboxRecord(sandbox: Sandbox, joined: readonly Joined[]): ResolverSandbox {
    const host = parseResolvConf(this.#hostResolvConf());
    const options = byPrecedence(joined.filter(({ network }) => hasNames(network))).map(({ network }) =>
      dnsService(network.options),
    );
    const ttls = options.flatMap(({ ttl = 0 }) => ttl);
    // The container's own servers before those of its networks, and the best network's before the others'; then its LAN's.
    const ofNetwork = options.find(({ servers }) => servers.length > 0)?.servers ?? [];
    const ofLan = ofNetwork.length > 0 ? ofNetwork : lanNameServers(byPrecedence(joined));
    const own = sandbox.dns.servers.length > 0 ? sandbox.dns.servers : ofLan;
    const ttl = ttls.length > 0 ? Math.min(...ttls) : 0;
    // A file inside may go on naming the address.
    const servesIpv6 = sandbox.resolver?.ipv6 !== undefined || asksByIpv6(joined.map(({ network }) => network));
    return {
      id: sandbox.id,
      namespace: sandbox.namespace,
      hostUpstreams: own.length > 0 ? [] : upstreamServers(host),
      sandboxUpstreams: own,
      forward: joined.some(({ network }) => !network.internal),
      ndots: choosesNdots(host, sandbox.dns),
      ...(ttl > 0 && { ttl }),
      ...(servesIpv6 && { servesIpv6 }),
    };
  }
}

function endpointRecord({ unready, services }: Sandbox, joined: Joined): ResolverEndpoint {
  const { endpoint, network } = joined;
  const [containerName = endpoint.ownerName, ...others] = dnsNames(endpoint);
  return {
    id: endpoint.id,
    sandbox: endpoint.sandbox,
    network: endpoint.network,
    addresses: [endpoint.ipv4, endpoint.ipv6].filter((address) => address !== undefined),
    containerName,
    aliases: others.filter((name) => name !== endpoint.hostname && name !== shortIdentifier(endpoint.owner)),
    shortId: shortIdentifier(endpoint.owner),
    hostname: endpoint.hostname,
    links: (endpoint.config.links ?? []).map(parseLink),
    gatewayPriority: endpoint.config.gatewayPriority ?? 0,
    internal: network.internal,
    gatewayFamilies: gatewayFamilies(joined),
    ...(unready && { unready }),
    ...(services && { services }),
  };
}
