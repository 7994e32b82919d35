import { parseIpAddress } from '@fairlead/base';
import { type ContainerView, type EnginePort, type Network, type PortBinding, readOwned } from '@fairlead/engine';
import { contestTexts, isGuarded, segmentNamesOf } from '@fairlead/network';
import type { ContainerPlace, Directory, NetworkPlace, Publication } from '@fairlead/trace';

/** Who is who on this machine, for a trace. */
export function readDirectory(engine: EnginePort): Directory {
  return {
    containers: engine.containers.list().map((view) => {
      const place = containerPlace(view);
      return openSandbox(view) === undefined ? place : withFiles(place, view.files);
    }),
    networks: engine.networks.list().map((network) => {
      const { engines, clashes } = engine.networks.sharing(network);
      return { ...networkPlace(network), ...(engines[0] && { sharing: engines[0] }), ...(clashes[0] && { clashes }) };
    }),
  };
}

/** A container without its files, which take time to read. */
export function containerPlace(view: ContainerView): Omit<ContainerPlace, 'files'> {
  const { container, networks } = view;
  const sandbox = openSandbox(view);
  const attachments = networks.flatMap(({ network, name, endpoint }) => {
    if (endpoint === undefined) return [];
    const { ipv4, ipv6, mac, hostInterface, interface: inside } = endpoint;
    const contests = contestTexts(endpoint);
    return [
      {
        network: network?.name ?? name,
        ...(ipv4 && { ipv4 }),
        ...(ipv6 && { ipv6 }),
        ...(inside !== undefined && { interface: inside }),
        ...(hostInterface !== undefined && { hostInterface }),
        ...(network && endpoint.segment && { segment: segmentNamesOf(network)[endpoint.segment - 1] }),
        ...(contests.length > 0 && { contests }),
        ...(mac && network && isGuarded({ endpoint, network }) && { heldTo: mac }),
      },
    ];
  });
  return {
    name: container.name,
    id: container.id,
    attachments,
    publications: sandbox?.mappings ?? container.config.host.portBindings.flatMap(plannedPublication),
    ...(sandbox && { namespace: sandbox.namespace }),
    ...(sandbox && container.state.pid > 0 && { pid: container.state.pid }),
  };
}

/** The container's sandbox, while it runs. */
function openSandbox({ container, sandbox }: ContainerView): ContainerView['sandbox'] {
  const { status } = container.state;
  return status === 'exited' || status === 'created' ? undefined : sandbox;
}

/**
 * A container with its files, read when somebody asks for them and then kept: a trace asks for those of one, and who only wants
 * names, of drops for instance, for none.
 *
 * @param paths of its `/etc/hosts` and `/etc/resolv.conf`.
 */
export function withFiles(
  place: Omit<ContainerPlace, 'files'>,
  paths: Readonly<Record<'hosts' | 'resolvConf', string>>,
): ContainerPlace {
  let files: ContainerPlace['files'];
  return {
    ...place,
    get files() {
      files ??= { hosts: readOwned(paths.hosts) ?? '', resolvConf: readOwned(paths.resolvConf) ?? '' };
      return files;
    },
  };
}

/** A network, as far as packets are concerned. */
export function networkPlace(network: Network): NetworkPlace {
  const { name, driver, internal, bridge, parent, subnets } = network;
  const device = bridge?.name ?? parent?.name;
  const segments = segmentNamesOf(network);
  return {
    name,
    // An overlay network of one host is a bridge like others.
    driver: bridge === undefined ? driver : 'bridge',
    internal,
    open: bridge?.icc !== false,
    ...(device !== undefined && { interface: device }),
    ...(parent?.host && { host: { link: parent.host.name, addresses: parent.host.addresses } }),
    ...(segments.length > 0 && { segments }),
    subnets: subnets.map(({ subnet }) => subnet),
    ...(bridge !== undefined && { mtu: bridge.mtu, masquerade: bridge.masquerade }),
    gateways: subnets.flatMap(({ gateway }) => (gateway === undefined ? [] : [gateway])),
  };
}

/** A binding without a port of its own gets one at the start. */
function plannedPublication({ protocol, hostAddress, hostPorts, ...binding }: PortBinding): Publication[] {
  if (hostPorts === undefined || hostPorts.first === 0) return [];
  const first = binding.containerPort;
  const containerPorts = { first, last: first + hostPorts.last - hostPorts.first };
  return [{ protocol, hostAddress: hostAddress ?? parseIpAddress('0.0.0.0'), hostPorts, containerPorts }];
}
