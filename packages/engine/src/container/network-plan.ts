import { FairleadError, shortIdentifier, withPrefix } from '@fairlead/base';
import type { JoinRequest, NetworkController, PortBinding } from '@fairlead/network';
import { parsePortRange, parsePortProtocol } from '@fairlead/base';
import type { Container, NetworkAttachment } from '../model.ts';
import type { ContainerTable } from './container-table.ts';

/** Which network namespace a container runs in, and what has to be done for it. */
export type NetworkPlan =
  | { readonly mode: 'own' | 'host'; readonly requests: readonly JoinRequest[]; readonly ports: readonly PortBinding[] }
  | { readonly mode: 'shared'; readonly donor: Container };

/** The host name that a container sees: its own, the donor's, or its short id. */
export function hostnameOf(container: Container, hostName: () => string): string {
  const { hostname, host } = container.config;
  if (hostname) return hostname;
  return host.networkMode === 'host' || host.utsMode === 'host' ? hostName() : shortIdentifier(container.id);
}

/** Networks that a container asked for, in the order in which its interfaces come up; the mode's own among them. */
export function attachmentsOf({ config }: Pick<Container, 'config'>): readonly NetworkAttachment[] {
  const mode = config.host.networkMode;
  if (config.networkDisabled || mode.startsWith('container:')) return [];
  const own = mode === 'default' || mode === '' ? 'bridge' : mode;
  const asked = config.networks.map((item) => (item.network === 'default' ? { ...item, network: own } : item));
  return asked.some(({ network }) => network === own) ? asked : [{ network: own, config: {} }, ...asked];
}

/**
 * Decide about the network of a container that is about to start.
 *
 * @throws FairleadError in Docker's words when a network is unknown or a donor does not run.
 */
export function planNetwork(
  container: Container,
  hostname: string,
  context: { readonly network: NetworkController; readonly table: ContainerTable; readonly exposed: readonly string[] },
): NetworkPlan {
  const mode = container.config.host.networkMode;
  if (mode.startsWith('container:')) return { mode: 'shared', donor: findDonor(container, mode.slice(10), context.table) };
  const requests = attachmentsOf(container).map(({ network, config }) => {
    try {
      const found = context.network.findNetwork(network);
      const links = found.name === 'bridge' ? [] : container.config.host.links;
      return { network: found, hostname, config: { ...config, links: [...(config.links ?? []), ...links] } };
    } catch (error) {
      throw withPrefix('failed to set up container networking: ', error);
    }
  });
  const ports = [...container.config.host.portBindings, ...allExposed(container, context.exposed)];
  return { mode: mode === 'host' ? 'host' : 'own', requests, ports };
}

/** Exposed ports, of image and request together, without doubles. */
export function exposedPorts(container: Pick<Container, 'config'>, image: readonly string[]): string[] {
  const bound = container.config.host.portBindings.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`);
  return [...new Set([...image, ...container.config.exposedPorts, ...bound].flatMap(expand))];
}

function findDonor(container: Container, reference: string, table: ContainerTable): Container {
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
  const { portBindings, publishAllPorts } = container.config.host;
  if (!publishAllPorts) return [];
  return exposedPorts(container, exposed)
    .map(parseExposed)
    .filter(
      (port) =>
        !portBindings.some(
          (bound) => bound.containerPort === port.containerPort && bound.protocol === port.protocol,
        ),
    );
}

function parseExposed(text: string): PortBinding {
  const [port = '', protocol = 'tcp'] = text.split('/');
  return { containerPort: Number(port), protocol: parsePortProtocol(protocol) };
}

function expand(text: string): string[] {
  const [ports = '', protocol = 'tcp'] = text.split('/');
  const range = parsePortRange(ports);
  if (range === undefined) return [];
  return Array.from({ length: range.last - range.first + 1 }, (_, offset) => `${range.first + offset}/${protocol}`);
}
