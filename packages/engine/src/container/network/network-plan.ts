import { hostname as machineName } from 'node:os';
import {
  FairleadError,
  formatPortRange,
  parsePortProtocol,
  parsePortRange,
  portsIn,
  shortIdentifier,
  withPrefix,
} from '@fairlead/base';
import { containerPortsOf, type JoinRequest, type NetworkController, type PortBinding } from '@fairlead/network';
import type { EngineSettings } from '../../context.ts';
import type { Container } from '../../model.ts';
import type { ContainerTable } from '../container-table.ts';

/** Which network namespace a container runs in, the host name that it sees, and what has to be done for it. */
export type NetworkPlan =
  | {
      readonly mode: 'own' | 'host';
      readonly hostname: string;
      readonly requests: readonly JoinRequest[];
      readonly ports: readonly PortBinding[];
      /** What the container serves, published or not: `80/tcp`. */
      readonly exposed: readonly string[];
    }
  | { readonly mode: 'shared'; readonly hostname: string; readonly donor: Container };

/** What will not work of the network of a container that is made, in Docker's words. */
export function networkWarnings(
  { host }: Container['config'],
  { isForwardingLacking }: Pick<EngineSettings, 'isForwardingLacking'>,
): string[] {
  const { networkMode } = host;
  const published = host.portBindings.length > 0 || host.publishAllPorts;
  if (networkMode === 'host') return published ? ['Published ports are discarded when using host network mode'] : [];
  if (networkMode === 'none' || isForwardingLacking?.() !== true) return [];
  return ['IPv4 forwarding is disabled. Networking will not work.'];
}

/** The id of the container whose network another one shares; `undefined` when it has one of its own. */
export function donorIdOf({ config }: Pick<Container, 'config'>): string | undefined {
  const { networkMode } = config.host;
  return networkMode.startsWith('container:') ? networkMode.slice('container:'.length) : undefined;
}

/** The host name that a container sees: the one asked for, the donor's, the machine's, or its short id. */
export function hostnameOf(container: Container, table: Pick<ContainerTable, 'get'>): string {
  const { hostname, host } = container.config;
  if (hostname) return hostname;
  const donor = table.get(donorIdOf(container) ?? '');
  if (donor !== undefined && donor.id !== container.id) return hostnameOf(donor, table);
  return host.networkMode === 'host' || host.utsMode === 'host' ? machineName() : shortIdentifier(container.id);
}

/**
 * Decide about the network of a container that is about to start.
 *
 * @throws FairleadError in Docker's words when a network is unknown or a donor does not run.
 */
export function planNetwork(
  container: Container,
  context: {
    readonly network: Pick<NetworkController, 'findNetwork'>;
    readonly table: Pick<ContainerTable, 'find' | 'get'>;
    /** What the image exposes. */
    readonly exposed: readonly string[];
  },
): NetworkPlan {
  const donorId = donorIdOf(container);
  const donor = donorId === undefined ? undefined : findDonor(container, donorId, context.table);
  const hostname = hostnameOf(container, context.table);
  if (donor !== undefined) return { mode: 'shared', hostname, donor };
  const requests = container.config.networks.map(({ network, config }) => {
    try {
      const found = context.network.findNetwork(network);
      const links = found.name === 'bridge' ? [] : container.config.host.links;
      const joined = { ...config, links: [...(config.links ?? []), ...links] };
      return { network: found, hostname, config: joined, ...(container.config.isTask && { task: true }) };
    } catch (error) {
      throw withPrefix('failed to set up container networking: ', error);
    }
  });
  const mode = container.config.host.networkMode === 'host' ? 'host' : 'own';
  const exposed = exposedPorts(container, context.exposed);
  const ports = [...container.config.host.portBindings, ...allExposed(container, exposed)];
  return { mode, hostname, requests, ports, exposed };
}

/** Exposed ports, of image and request together, without doubles. */
export function exposedPorts(container: Pick<Container, 'config'>, image: readonly string[]): string[] {
  return [...new Set([...image, ...container.config.exposedPorts, ...boundPorts(container)].flatMap(expand))];
}

/** The container's side of what is published: `80/tcp`, `8000-8010/udp`. */
export function boundPorts({ config }: Pick<Container, 'config'>): string[] {
  return config.host.portBindings.map((binding) => `${formatPortRange(containerPortsOf(binding))}/${binding.protocol}`);
}

function findDonor(container: Container, reference: string, table: Pick<ContainerTable, 'find'>): Container {
  const donor = table.find(reference);
  if (donor.id === container.id) throw new FairleadError('internal', 'cannot join own network namespace');
  if (donor.state.status === 'restarting') {
    const wait = `Container ${donor.id} is restarting, wait until the container is running`;
    throw new FairleadError('conflict', `cannot join network namespace of container: ${wait}`);
  }
  if (donor.state.pid === 0) {
    const reason = `cannot join network namespace of a non running container: container ${donor.id} is ${donor.state.status}`;
    throw new FairleadError('conflict', `joining network namespace of container: ${reason}`);
  }
  return donor;
}

/** `-P`: every exposed port that is not published already gets an ephemeral one. */
function allExposed(container: Container, exposed: readonly string[]): PortBinding[] {
  if (!container.config.host.publishAllPorts) return [];
  const bound = new Set(boundPorts(container).flatMap(expand));
  const open = exposed.filter((port) => !bound.has(port)).map(parseExposed);
  // Port 0 can be exposed, but nobody listens there.
  return open.filter(({ containerPort }) => containerPort !== 0);
}

function parseExposed(text: string): PortBinding {
  const [port = '', protocol = 'tcp'] = text.split('/');
  return { containerPort: Number(port), protocol: parsePortProtocol(protocol) };
}

function expand(text: string): string[] {
  const [ports = '', protocol = 'tcp'] = text.split('/');
  const range = parsePortRange(ports);
  if (range === undefined) return [];
  return portsIn(range).map((port) => `${port}/${protocol}`);
}
