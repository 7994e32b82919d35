import { FairleadError, parseIpAddress, prefixLength, settleAll } from '@fairlead/base';
import type { Container, Engine } from '@fairlead/engine';
import type { BalancedService, Network, NetworkController } from '@fairlead/network';
import type { Service, ServiceNetworks, TaskStatus } from '@fairlead/swarm';

/** The engine's networks as services see them. */
export class SwarmNetworks implements ServiceNetworks {
  readonly #network: NetworkController;
  readonly #engine: () => Engine;

  constructor(network: NetworkController, engine: () => Engine) {
    this.#network = network;
    this.#engine = engine;
  }

  resolve(reference: string) {
    const network = this.#find(reference);
    const isPredefined = ['bridge', 'host', 'none'].includes(network.name);
    if (network.scope !== 'swarm' && !isPredefined) {
      const rule = 'Only networks scoped to the swarm can be used, such as those created with the overlay driver.';
      throw new FairleadError('forbidden', `The network ${network.name} cannot be used with services. ${rule}`);
    }
    return { id: network.id, name: network.name, isOverlay: network.scope === 'swarm' };
  }

  hold(id: string, service: string): readonly string[] {
    const { subnets } = this.#find(id);
    const { ipv4, ipv6 } = this.#network.holdVirtualAddress(id, service);
    return [ipv4, ipv6].flatMap((address) => (address === undefined ? [] : withPrefix(address, subnets)));
  }

  ingress(): string | undefined {
    return this.#network.networks().find(({ ingress }) => ingress)?.id;
  }

  async set(service: Service, backends: readonly string[]): Promise<void> {
    await this.#network.setService(balanced(service, backends));
  }

  async remove(service: string): Promise<void> {
    await this.#network.removeService(service);
  }

  known(): readonly string[] {
    return this.#network.services().map(({ id }) => id);
  }

  /** Ports of the host that a container has got, and its networks of the swarm. */
  reached({ sandbox }: Container): Required<Pick<TaskStatus, 'ports' | 'attachments'>> {
    if (sandbox === undefined) return { ports: [], attachments: [] };
    const ports = this.#network
      .boundPorts(sandbox)
      .filter(({ hostPort, hostAddress }) => hostPort > 0 && !hostAddress.includes(':'))
      .map(({ protocol, containerPort, hostPort }) => ({
        ...{ protocol, targetPort: containerPort, publishedPort: hostPort },
      }));
    const attachments = this.#network.endpointsIn(sandbox).flatMap(({ network, ipv4, ipv6 }) => {
      const { scope, subnets } = this.#find(network);
      const addresses = [ipv4, ipv6].flatMap((address) => (address === undefined ? [] : withPrefix(address, subnets)));
      return scope === 'swarm' ? [{ networkId: network, addresses }] : [];
    });
    return { ports, attachments };
  }

  async makeIngress(): Promise<void> {
    await this.#engine().networks.create({ name: 'ingress', driver: 'overlay', ingress: true });
  }

  async removeAll(): Promise<void> {
    const own = this.#network.networks().filter(({ scope }) => scope === 'swarm');
    await settleAll(
      own.map(
        ({ id }) =>
          () =>
            this.#engine().networks.remove(id),
      ),
    );
  }

  #find(reference: string): Network {
    try {
      return this.#network.findNetwork(reference);
    } catch (error) {
      throw new FairleadError('not-found', `network ${reference} not found`, { cause: error });
    }
  }
}

/** An address as services have it: with the length of its subnet. */
function withPrefix(address: string, subnets: Network['subnets']): string[] {
  const subnet = subnets.find((one) => one.subnet.includes(':') === address.includes(':'));
  return [`${address}/${subnet === undefined ? 32 : prefixLength(subnet.subnet)}`];
}

function balanced(service: Service, backends: readonly string[]): BalancedService {
  const { spec, ports, virtualIps } = service;
  const asked = new Map((spec.taskTemplate.networks ?? []).map((network) => [network.target ?? '', network]));
  const ids = new Set([...virtualIps.map(({ networkId }) => networkId), ...asked.keys()]);
  return {
    ...{ id: service.id, name: spec.name, backends },
    networks: [...ids].map((network) => ({
      ...{ network, aliases: asked.get(network)?.aliases ?? [] },
      ...virtualOf(service, network),
    })),
    ports: ports
      .filter(({ publishMode }) => publishMode !== 'host')
      .map(({ protocol = 'tcp', publishedPort = 0, targetPort = 0 }) => ({
        ...{ protocol, published: publishedPort, target: targetPort },
      })),
  };
}

function virtualOf({ virtualIps }: Service, network: string): Pick<BalancedService['networks'][number], 'virtual'> {
  const own = virtualIps
    .filter(({ networkId }) => networkId === network)
    .map(({ address }) => parseIpAddress(address.split('/')[0] ?? ''));
  if (own.length === 0) return {};
  const [ipv4, ipv6] = [own.find((one) => !one.includes(':')), own.find((one) => one.includes(':'))];
  return { virtual: { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) } };
}
