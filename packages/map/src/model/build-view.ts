import { formatPortRange } from '@fairlead/base';
import { foreignNetworks } from './foreign-networks.ts';
import type { HostObservation, LinkState } from './host-observation.ts';
import type { HostView, MapView, NetworkView, PortView, TileView, UplinkView } from './map-view.ts';
import type { Examination, NamedContainer, NamedNetwork, Names } from './names.ts';
import { isGlobal, uplinksOf } from './uplinks.ts';

/**
 * Put together what the kernel has and what the engine calls it. Own networks come first and in the order in which they
 * were made, so that nothing moves for what is new; networks without a bridge are shown when somebody is on them.
 */
export function buildView(observed: HostObservation, names: Names, examination?: Examination): MapView {
  const links = new Map(observed.links.map((link) => [link.name, link]));
  const uplinks = uplinksOf(observed);
  const tiles = names.containers.flatMap((container) => tilesOf(container, links));
  const inUse = new Set(tiles.map(({ network }) => network));
  const networks = names.networks
    .map((network) => networkView(network, links))
    .filter(({ id, interface: device }) => device !== undefined || inUse.has(id));
  const foreign = foreignNetworks(observed, names, new Set(uplinks.map(({ name }) => name)));
  return {
    schema: 'fairlead.map/1',
    host: hostView(observed, uplinks),
    networks: [...networks, ...foreign.networks],
    tiles: [...tiles, ...foreign.tiles],
    ports: names.containers.flatMap(portsOf),
    findings: examination?.findings ?? [],
    ...(examination && { examined: examination.time }),
  };
}

function hostView({ hostname, addresses, gateways }: HostObservation, uplinks: readonly LinkState[]): HostView {
  return {
    name: hostname,
    uplinks: uplinks.map(({ name, up }): UplinkView => {
      const on = <T extends { readonly link: string }>(all: readonly T[]) => all.filter(({ link }) => link === name);
      return {
        id: `link:${name}`,
        name,
        up,
        addresses: on(addresses)
          .map(({ address }) => address)
          .filter(isGlobal),
        gateways: on(gateways).map(({ address }) => address),
      };
    }),
  };
}

function networkView(network: NamedNetwork, links: ReadonlyMap<string, LinkState>): NetworkView {
  const { name, driver, interface: device, subnets, mtu } = network;
  return {
    id: `network:${name}`,
    name,
    owner: 'fairlead',
    driver,
    // `host` and `null` have nothing of their own that could be down.
    up: device === undefined || links.get(device)?.up === true,
    subnets,
    traits: traitsOf(network),
    ...(device !== undefined && { interface: device }),
    ...(mtu !== undefined && { mtu }),
  };
}

function traitsOf({ driver, internal, open, masquerade }: NamedNetwork): string[] {
  const isBridge = driver === 'bridge';
  return [
    ...(internal ? ['internal'] : []),
    ...(isBridge && !open ? ['no communication'] : []),
    ...(isBridge && !internal && masquerade === false ? ['no translation'] : []),
  ];
}

function tilesOf(container: NamedContainer, links: ReadonlyMap<string, LinkState>): TileView[] {
  const { name, state, image, namespace, attachments } = container;
  return attachments.map(({ network, ipv4, ipv6, interface: inside, hostInterface, segment }): TileView => {
    const device = hostInterface === undefined ? undefined : links.get(hostInterface);
    return {
      id: `tile:${network}/${name}`,
      name,
      network: `network:${network}`,
      owner: 'fairlead',
      state,
      addresses: [ipv4, ipv6].filter((address) => address !== undefined),
      connected: state === 'stopped' || hostInterface === undefined || isConnected(device),
      detail: image,
      ...(inside !== undefined && { interface: inside }),
      ...(hostInterface !== undefined && { device: hostInterface }),
      ...(segment !== undefined && { bridge: segment.bridge }),
      ...(namespace !== undefined && namespace !== '' && { namespace }),
    };
  });
}

/** A cable of which one end is down is down altogether. */
function isConnected(link: LinkState | undefined): boolean {
  return link?.up === true && link.masterIndex !== undefined && link.operationalState !== 'lowerlayerdown';
}

function portsOf({ name, publications, state }: NamedContainer): PortView[] {
  return publications.map(({ protocol, hostAddress, hostPorts, containerPorts }) => {
    const ports = formatPortRange(hostPorts);
    return {
      id: `port:${protocol}/${hostAddress}:${ports}`,
      container: name,
      protocol,
      address: hostAddress,
      ports,
      containerPorts: formatPortRange(containerPorts),
      open: state !== 'stopped',
    };
  });
}
