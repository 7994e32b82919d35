import {
  codeOf,
  FairleadError,
  type InterfaceAddress,
  type IpAddress,
  type MacAddress,
  type PortProtocol,
  type Prefix,
} from '@fairlead/base';
import { type Answer, accepted } from './answer.ts';
import type { PluginCaller } from './plugin-client.ts';

/** One subnet of a network as its driver is told of it. */
export interface DrivenSubnet {
  readonly addressSpace: string;
  /** `0.0.0.0/0` where the network has no pool. */
  readonly pool: Prefix;
  readonly gateway?: InterfaceAddress;
  readonly auxiliary?: Readonly<Record<string, InterfaceAddress>>;
}

/** A network that a plugin shall make. */
export interface DrivenNetwork {
  readonly id: string;
  readonly options: Readonly<Record<string, string>>;
  readonly ipv6: boolean;
  readonly internal: boolean;
  readonly subnets4: readonly DrivenSubnet[];
  readonly subnets6: readonly DrivenSubnet[];
}

/** An endpoint by its ids. */
export interface EndpointKey {
  readonly network: string;
  readonly endpoint: string;
}

/** What an interface has; in an answer only what the request left open. */
export interface DrivenInterface {
  readonly ipv4?: InterfaceAddress;
  readonly ipv6?: InterfaceAddress;
  readonly mac?: MacAddress;
}

/** A port that a container wants reached. */
export interface DrivenPort {
  readonly protocol: PortProtocol;
  readonly port: number;
  readonly hostAddress?: IpAddress;
  /** 0 means any. */
  readonly hostPort: number;
  readonly hostPortEnd: number;
}

/** What else a driver is told about an endpoint. */
export interface EndpointDetails {
  readonly exposed: readonly { readonly protocol: PortProtocol; readonly port: number }[];
  readonly ports: readonly DrivenPort[];
  readonly options: Readonly<Record<string, string>>;
}

/** How a plugin lets a container onto its network. */
export interface DrivenJoin {
  /** Interface of the host that becomes the container's; absent when there is none. */
  readonly source?: string;
  /** Beginning of its name there. */
  readonly prefix: string;
  readonly gateway?: IpAddress;
  readonly gateway6?: IpAddress;
  /** Without `via` it is reached on the link itself. */
  readonly routes: readonly { readonly destination: Prefix; readonly via?: IpAddress }[];
  /** The container gets no other way out beside. */
  readonly disableGatewayService: boolean;
}

/** How Docker calls answers that are not called after the question (libnetwork, drivers/remote/api). */
const answerTypes: Readonly<Record<string, string>> = {
  GetCapabilities: 'GetCapabilityResponse',
  DiscoverNew: 'DiscoveryResponse',
  DiscoverDelete: 'DiscoveryResponse',
};

const numbers: Readonly<Record<PortProtocol, number>> = { tcp: 6, udp: 17, sctp: 132 };

/**
 * A driver of networks in another process (libnetwork's remote driver protocol, version 1). What it says no to is said
 * in its own words after `remote: `.
 */
export class RemoteNetworkDriver {
  readonly #caller: PluginCaller;

  constructor(caller: PluginCaller) {
    this.#caller = caller;
  }

  /** @throws FairleadError `internal` in Docker's words for a scope that cannot be. */
  async scope(): Promise<'local' | 'global'> {
    const scope = (await this.#call('GetCapabilities')).text('Scope');
    if (scope === 'local' || scope === 'global') return scope;
    throw new FairleadError('internal', `invalid capability: expecting 'local' or 'global', got ${scope}`);
  }

  async createNetwork(network: DrivenNetwork): Promise<void> {
    await this.#call('CreateNetwork', {
      NetworkID: network.id,
      Options: {
        'com.docker.network.enable_ipv6': network.ipv6,
        'com.docker.network.generic': network.options,
        ...(network.internal && { 'com.docker.network.internal': true }),
      },
      IPv4Data: network.subnets4.map(subnetJson),
      IPv6Data: network.subnets6.map(subnetJson),
    });
  }

  async deleteNetwork(network: string): Promise<void> {
    await this.#call('DeleteNetwork', { NetworkID: network });
  }

  /**
   * @returns what the driver has chosen of that which was left open.
   * @throws FairleadError `internal` when it wants something else than was given.
   */
  async createEndpoint(key: EndpointKey, given: DrivenInterface, details: EndpointDetails): Promise<DrivenInterface> {
    const answer = await this.#call('CreateEndpoint', {
      ...keyJson(key),
      Interface: { Address: given.ipv4 ?? '', AddressIPv6: given.ipv6 ?? '', MacAddress: given.mac ?? '' },
      Options: detailsJson(details),
    });
    return chosen(answer.inside('Interface', 'EndpointInterface'), given);
  }

  async deleteEndpoint(key: EndpointKey): Promise<void> {
    await this.#call('DeleteEndpoint', keyJson(key));
  }

  /** @param sandboxKey path of the container's namespace. */
  async join(key: EndpointKey, sandboxKey: string, details: EndpointDetails): Promise<DrivenJoin> {
    const answer = await this.#call('Join', {
      ...keyJson(key),
      SandboxKey: sandboxKey,
      Options: detailsJson(details),
    });
    const name = answer.inside('InterfaceName', 'InterfaceName');
    const [gateway, gateway6] = [answer.address('Gateway'), answer.address('GatewayIPv6')];
    return {
      ...(name.text('SrcName') && { source: interfaceName(name.text('SrcName')) }),
      prefix: interfaceName(name.text('DstPrefix') || 'eth'),
      ...(gateway && { gateway }),
      ...(gateway6 && { gateway6 }),
      routes: answer.list('StaticRoutes', 'StaticRoute').map(routeOf),
      disableGatewayService: answer.flag('DisableGatewayService'),
    };
  }

  async leave(key: EndpointKey): Promise<void> {
    await this.#call('Leave', keyJson(key));
  }

  /** The endpoint is the way out now: its ports are to be reached. A driver need not know how. */
  async programExternalConnectivity(key: EndpointKey, details: EndpointDetails): Promise<void> {
    await this.#optional('ProgramExternalConnectivity', { ...keyJson(key), Options: detailsJson(details) });
  }

  /** The endpoint is the way out no longer. */
  async revokeExternalConnectivity(key: EndpointKey): Promise<void> {
    await this.#optional('RevokeExternalConnectivity', keyJson(key));
  }

  /** Tell a driver which node it is on, or that one is gone. */
  async discover(
    action: 'New' | 'Delete',
    node: { readonly address: IpAddress; readonly self: boolean },
  ): Promise<void> {
    const data = { Address: node.address, BindAddress: node.address, Self: node.self };
    // 1 is a node (libnetwork's discoverapi); keys of encryption are for overlay networks alone.
    await this.#optional(`Discover${action}`, { DiscoveryType: 1, DiscoveryData: data });
  }

  async #call(method: string, body?: unknown): Promise<Answer> {
    const name = answerTypes[method] ?? `${method}Response`;
    return accepted(await this.#caller.call(`NetworkDriver.${method}`, body), 'Err', 'remote: ', { name });
  }

  async #optional(method: string, body: unknown): Promise<void> {
    try {
      await this.#call(method, body);
    } catch (error) {
      if (codeOf(error) !== 'not-implemented') throw error;
    }
  }
}

function keyJson({ network, endpoint }: EndpointKey) {
  return { NetworkID: network, EndpointID: endpoint };
}

function subnetJson({ addressSpace, pool, gateway, auxiliary = {} }: DrivenSubnet) {
  return {
    AddressSpace: addressSpace,
    ...(Object.keys(auxiliary).length > 0 && { AuxAddresses: auxiliary }),
    ...(gateway && { Gateway: gateway }),
    Pool: pool,
  };
}

function detailsJson({ exposed, ports, options }: EndpointDetails) {
  return {
    ...options,
    'com.docker.network.endpoint.exposedports': exposed.map(({ protocol, port }) => ({
      Proto: numbers[protocol],
      Port: port,
    })),
    'com.docker.network.portmap': ports.map(({ protocol, port, hostAddress = '', hostPort, hostPortEnd }) => ({
      Proto: numbers[protocol],
      IP: '',
      Port: port,
      HostIP: hostAddress,
      HostPort: hostPort,
      HostPortEnd: hostPortEnd,
    })),
  };
}

/** A driver may choose what is left open, and nothing else. */
function chosen(answer: Answer, given: DrivenInterface): DrivenInterface {
  const [ipv4, ipv6, mac] = [answer.cidr('Address'), answer.cidr('AddressIPv6'), answer.mac('MacAddress')];
  const fields = [
    ['IP', given.ipv4, ipv4],
    ['IPv6', given.ipv6, ipv6],
    ['MAC', given.mac, mac],
  ] as const;
  for (const [what, present, other] of fields) {
    if (present === undefined || other === undefined) continue;
    const words = what === 'MAC' ? 'MAC address' : 'address';
    const reason = `endpoint interface ${what} present (${present}). Cannot be modified with (${other}).`;
    throw new FairleadError('internal', `driver modified interface ${words}: ${reason}`);
  }
  return { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }), ...(mac && { mac }) };
}

function routeOf(answer: Answer): DrivenJoin['routes'][number] {
  const text = answer.text('Destination');
  const destination = answer.prefix('Destination');
  if (destination === undefined) throw new FairleadError('internal', `invalid CIDR address: ${text}`);
  // 0 is by way of a router, 1 is on the link (libnetwork's types.NEXTHOP, types.CONNECTED).
  if (answer.number('RouteType') === 1) return { destination };
  const via = answer.address('NextHop');
  if (via === undefined) throw new FairleadError('internal', `failed to parse nexthop IP ${answer.text('NextHop')}`);
  return { destination, via };
}

/** A name that Linux takes (net/core/dev.c, dev_valid_name). */
function interfaceName(name: string): string {
  if (/^[^/:\s]{1,15}$/.test(name) && name !== '.' && name !== '..') return name;
  throw new FairleadError('internal', `invalid interface name: ${JSON.stringify(name.slice(0, 100))}`);
}
