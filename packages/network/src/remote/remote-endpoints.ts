import {
  addressOf,
  FairleadError,
  type InterfaceAddress,
  type IpAddress,
  interfaceAddress,
  prefixFamily,
  withPrefix,
} from '@fairlead/base';
import {
  type DrivenInterface,
  type DrivenJoin,
  type EndpointDetails,
  PluginRefusal,
  type RemoteNetworkDriver,
} from '@fairlead/plugins';
import { freeInterface } from '../endpoint/endpoint-factory.ts';
import type { Endpoint, Network, Sandbox } from '../model.ts';
import { singleBindings } from '../port/port-binding.ts';
import { electGateways, type Joined, subnetOf } from '../route/gateway.ts';
import type { NetworkState } from '../state.ts';
import type { PluginAccess, PluginPort } from './plugin-port.ts';
import type { RemoteEndpoint } from './remote-model.ts';

/** Endpoints on networks of plugins: made, joined, led out by. Every answer is stored before the next question. */
export class RemoteEndpoints {
  readonly #state: NetworkState;
  readonly #plugins: PluginPort;
  readonly #namespacePath: PluginAccess['namespacePath'];

  constructor(state: NetworkState, plugins: PluginPort, namespacePath: PluginAccess['namespacePath']) {
    this.#state = state;
    this.#plugins = plugins;
    this.#namespacePath = namespacePath;
  }

  /**
   * Have plugins make the endpoints that have just been stored and let the sandbox onto their networks.
   *
   * @param signal gives up a plugin that does not answer.
   * @throws FairleadError in Docker's words; what plugins have done by then is stored in the endpoints.
   */
  async connect(sandbox: Sandbox, added: readonly Joined[], signal?: AbortSignal): Promise<void> {
    for (const { endpoint, network } of added) {
      if (network.remote === undefined) continue;
      const driver = await this.#plugins.networkDriver(network.driver, { signal });
      const made = await this.#create(driver, sandbox, network, endpoint);
      await this.#join(driver, sandbox, network, made);
    }
  }

  /**
   * Tell plugins by which of their endpoints the ports of a sandbox are reached, and by which no longer.
   *
   * @param anew whether the ports are others now.
   * @param signal as for {@link connect}.
   * @throws FairleadError in Docker's words.
   */
  async lead(id: string, anew = false, signal?: AbortSignal): Promise<void> {
    const sandbox = this.#state.sandboxes.get(id);
    const joined = this.#state.joined(id);
    const { ipv4, ipv6 } = electGateways(joined);
    if (sandbox === undefined) return;
    for (const { endpoint, network } of joined) {
      const { remote } = endpoint;
      if (remote?.stage !== 'joined') continue;
      const leads = [ipv4, ipv6].some((leader) => leader?.endpoint.id === endpoint.id);
      if (remote.leading === true && (!leads || anew)) await this.#revoke(network, endpoint, signal);
      if (leads && (remote.leading !== true || anew)) await this.#program(sandbox, { network, endpoint }, signal);
    }
  }

  async #create(
    driver: RemoteNetworkDriver,
    sandbox: Sandbox,
    network: Network,
    endpoint: Endpoint,
  ): Promise<Endpoint> {
    const key = { network: network.id, endpoint: endpoint.id };
    const given = givenTo(endpoint, network);
    const failed = (error: unknown) =>
      withPrefix(`failed to create endpoint ${endpoint.ownerName} on network ${network.name}: `, error);
    const chosen = await driver.createEndpoint(key, given, detailsOf(sandbox, endpoint)).catch((error: unknown) => {
      // It has none of ours then, and need not be told that nobody wants it.
      if (error instanceof PluginRefusal) this.#state.endpoints.put(withoutRemote(endpoint));
      throw failed(error);
    });
    const addresses = [chosen.ipv4, chosen.ipv6].filter((address) => address !== undefined);
    const made = this.#state.endpoints.put({
      ...endpoint,
      ...addressesOf(addresses),
      ...(chosen.mac && { mac: chosen.mac }),
      remote: { stage: 'created', ...(addresses.length > 0 && { given: addresses }) },
    });
    const fault = faultOf(chosen, network);
    if (fault !== undefined) throw failed(new FairleadError('internal', fault));
    return made;
  }

  async #join(driver: RemoteNetworkDriver, sandbox: Sandbox, network: Network, endpoint: Endpoint): Promise<void> {
    const key = { network: network.id, endpoint: endpoint.id };
    const path = this.#namespacePath(sandbox.namespace);
    this.#state.endpoints.put({ ...endpoint, remote: { ...endpoint.remote, stage: 'joining' } });
    const answer = await driver.join(key, path, detailsOf(sandbox, endpoint)).catch((error: unknown) => {
      if (error instanceof PluginRefusal) this.#state.endpoints.put(endpoint);
      throw error;
    });
    const others = this.#state.endpoints.inSandbox(sandbox.id).filter(({ id }) => id !== endpoint.id);
    // Stored before the name is chosen, which may fail: the plugin has let the container in by now.
    const joined = this.#state.endpoints.put({ ...endpoint, remote: joinedAs(endpoint.remote, answer) });
    if (answer.source === undefined) return;
    this.#state.endpoints.put({ ...joined, interface: freeInterface(answer.prefix, endpoint.config, others) });
  }

  async #program(sandbox: Sandbox, { network, endpoint }: Joined, signal: AbortSignal | undefined): Promise<void> {
    const driver = await this.#plugins.networkDriver(network.driver, { signal });
    const key = { network: network.id, endpoint: endpoint.id };
    try {
      await driver.programExternalConnectivity(key, detailsOf(sandbox, endpoint));
    } catch (error) {
      const which = `endpoint ${endpoint.ownerName} (${endpoint.id})`;
      throw withPrefix(`driver failed programming external connectivity on ${which}: `, error);
    }
    this.#note(endpoint.id, true);
  }

  async #revoke(network: Network, endpoint: Endpoint, signal: AbortSignal | undefined): Promise<void> {
    const driver = await this.#plugins.networkDriver(network.driver, { signal });
    this.#note(endpoint.id, false);
    await driver.revokeExternalConnectivity({ network: network.id, endpoint: endpoint.id });
  }

  #note(id: string, leading: boolean): void {
    const endpoint = this.#state.endpoints.get(id);
    if (endpoint?.remote === undefined) return;
    const { leading: _, ...remote } = endpoint.remote;
    this.#state.endpoints.put({ ...endpoint, remote: { ...remote, ...(leading && { leading }) } });
  }
}

function withoutRemote({ remote: _, ...endpoint }: Endpoint): Endpoint {
  return endpoint;
}

function joinedAs(remote: RemoteEndpoint | undefined, answer: DrivenJoin): RemoteEndpoint {
  const { source, gateway, gateway6, routes, disableGatewayService } = answer;
  return {
    ...(remote?.given && { given: remote.given }),
    stage: 'joined',
    ...(source !== undefined && { source }),
    ...(gateway && { gateway }),
    ...(gateway6 && { gateway6 }),
    ...(routes.length > 0 && { routes }),
    ...(disableGatewayService && { noGatewayService: true }),
  };
}

function givenTo({ ipv4, ipv6, mac }: Endpoint, network: Network): DrivenInterface {
  const withLength = (address: IpAddress | undefined) => {
    const subnet = address && subnetOf(network, address)?.subnet;
    return address && subnet && interfaceAddress(address, subnet);
  };
  const [first, second] = [withLength(ipv4), withLength(ipv6)];
  return { ...(first && { ipv4: first }), ...(second && { ipv6: second }), ...(mac && { mac }) };
}

function addressesOf(given: readonly InterfaceAddress[]): Pick<Endpoint, 'ipv4' | 'ipv6'> {
  const of = (family: 4 | 6) => given.find((address) => prefixFamily(address) === family);
  const [ipv4, ipv6] = [of(4), of(6)];
  return { ...(ipv4 && { ipv4: addressOf(ipv4) }), ...(ipv6 && { ipv6: addressOf(ipv6) }) };
}

/** What a driver may not choose, for nothing would lead there. */
function faultOf({ ipv4, ipv6 }: DrivenInterface, network: Network): string | undefined {
  const wrong = [ipv4 && prefixFamily(ipv4) !== 4 && ipv4, ipv6 && prefixFamily(ipv6) !== 6 && ipv6].find(Boolean);
  if (wrong) return `remote: address ${wrong} is of the other family`;
  if (ipv4 && !network.ipv4) return `remote: address ${ipv4} on a network without IPv4`;
  return ipv6 && !network.ipv6 ? `remote: address ${ipv6} on a network without IPv6` : undefined;
}

/** What a plugin learns about a container: its ports and what was asked for the endpoint. */
function detailsOf(sandbox: Sandbox, { config }: Endpoint): EndpointDetails {
  const ports = sandbox.ports.flatMap(singleBindings);
  const exposed = ports.map(({ protocol, containerPort }) => ({ protocol, port: containerPort }));
  return {
    exposed: [...new Map(exposed.map((one) => [`${one.port}/${one.protocol}`, one])).values()],
    ports: ports.map(({ protocol, containerPort, hostAddress, hostPorts }) => ({
      protocol,
      port: containerPort,
      ...(hostAddress && { hostAddress }),
      hostPort: hostPorts?.first ?? 0,
      hostPortEnd: hostPorts?.last ?? 0,
    })),
    options: config.driverOptions ?? {},
  };
}
