import type { MapView, NetworkView, PortView, TileView, UplinkView } from './map-view.ts';

/** A command that shows a thing in the kernel, and what it shows. */
export interface ShowCommand {
  readonly command: string;
  readonly shows: string;
}

/** A thing of the map as the kernel has it. */
export interface KernelView {
  readonly id: string;
  readonly title: string;
  /** Which objects it is made of: label and value. */
  readonly facts: readonly (readonly [label: string, value: string])[];
  /** Runnable as root on this machine. */
  readonly commands: readonly ShowCommand[];
}

/** The kernel's view of a tile, a network, a port, an uplink, `host` or `outside`; `undefined` for what is not on the map. */
export function kernelView(view: MapView, id: string): KernelView | undefined {
  if (id === 'host') return hostOf(view);
  if (id === 'outside') return outsideOf(view);
  const tile = view.tiles.find((each) => each.id === id);
  if (tile !== undefined) return tileView(tile, view);
  const network = view.networks.find((each) => each.id === id);
  if (network !== undefined) return networkKernelView(network);
  const port = view.ports.find((each) => each.id === id);
  if (port !== undefined) return portKernelView(port);
  const uplink = view.host.uplinks.find((each) => each.id === id);
  return uplink && uplinkView(uplink);
}

function tileView(tile: TileView, view: MapView): KernelView {
  const { id, name, interface: inside, device, bridge, addresses } = tile;
  const network = view.networks.find((each) => each.id === tile.network);
  const into = entrance(tile);
  return {
    id,
    title: `${name} on ${network?.name ?? tile.network}`,
    facts: facts([
      ['state', tile.state],
      ['what', tile.detail],
      ['namespace', tile.namespace ?? (tile.pid === undefined ? undefined : `/proc/${tile.pid}/ns/net`)],
      ['interface', inside],
      ['addresses', addresses.join(', ')],
      ['host end', device],
      ['bridge', bridge ?? network?.interface],
    ]),
    commands: [
      ...(into === undefined || inside === undefined
        ? []
        : [
            show(`${into} -d -s address show dev ${quote(inside)}`, 'its interface, addresses and counters'),
            show(`${into} route show`, 'its routes'),
            ...(addresses.some(isIpv6) ? [show(`${into} -6 route show`, 'its routes of IPv6')] : []),
            show(`${into} neighbour show`, 'the neighbours it has learnt'),
          ]),
      ...(device === undefined ? [] : cableCommands(device)),
    ],
  };
}

/** `ip` inside: by the pinned name, else by a process. */
function entrance({ namespace, pid, owner, state }: TileView): string | undefined {
  if (state === 'stopped') return undefined;
  if (namespace !== undefined) return `ip -n ${quote(namespace)}`;
  return owner === 'other' && pid !== undefined ? `nsenter --net=/proc/${pid}/ns/net ip` : undefined;
}

function cableCommands(device: string): ShowCommand[] {
  return [
    show(`ip -d -s link show dev ${quote(device)}`, 'the host end of its cable'),
    show(`bridge fdb show brport ${quote(device)}`, 'hardware addresses behind that port'),
  ];
}

function networkKernelView(network: NetworkView): KernelView {
  const { id, name, driver, interface: device, subnets, mtu, owner, traits } = network;
  const isBridge = driver === 'bridge' && device !== undefined;
  return {
    id,
    title: `network ${name}`,
    facts: facts([
      ['driver', driver],
      ['interface', device],
      ['subnets', subnets.join(', ')],
      ['MTU', mtu?.toString()],
      ['special', traits.join(', ')],
      ['made by', owner === 'other' ? 'somebody else' : undefined],
    ]),
    commands: [
      ...(device === undefined
        ? []
        : [
            show(`ip -d -s address show dev ${quote(device)}`, 'its interface, addresses and counters'),
            show(`ip route show dev ${quote(device)}`, 'routes that lead to it'),
            ...(subnets.some(isIpv6) ? [show(`ip -6 route show dev ${quote(device)}`, 'those of IPv6')] : []),
          ]),
      ...(isBridge
        ? [
            show(`ip link show master ${quote(device)}`, 'the cables that are plugged in'),
            show(`bridge fdb show br ${quote(device)}`, 'hardware addresses and their ports'),
            show(`ip neighbour show dev ${quote(device)}`, 'the neighbours that the host has learnt'),
          ]
        : []),
      ...(owner === 'fairlead' && isBridge
        ? [show('nft list chain inet fairlead forward', 'what may leave it and enter it')]
        : []),
    ],
  };
}

function portKernelView(port: PortView): KernelView {
  const { id, protocol, address, ports, containerPorts, container } = port;
  const shown = `${address.includes(':') ? `[${address}]` : address}:${ports}`;
  return {
    id,
    title: `${shown}/${protocol}`,
    facts: facts([
      ['leads to', `${container}, port ${containerPorts}`],
      ['state', port.open ? 'open' : 'closed: the container does not run'],
    ]),
    commands: [
      show(`nft list map inet fairlead ${publishMap(port)}`, 'the translation of published ports'),
      show('nft list chain inet fairlead published', 'the rule that looks it up'),
      show(`ss -Hln${socketFlags[protocol] ?? ''} sport = :${ports.split('-')[0]}`, 'who holds the port on the host'),
    ],
  };
}

/** Options of ss by which it shows sockets of a protocol. */
const socketFlags: Readonly<Record<string, string>> = { tcp: 't', udp: 'u', sctp: 'S' };

/** The map that an element of it is in: see `portMappingElements` of @fairlead/firewall. */
function publishMap({ address, ports, containerPorts }: PortView): string {
  const everywhere = address === '0.0.0.0' || address === '::' ? '' : '_address';
  const range = ports.includes('-') && ports === containerPorts ? '_range' : '';
  return `publish${everywhere}${range}${isIpv6(address) ? 6 : 4}`;
}

function uplinkView({ id, name, up, addresses, gateways }: UplinkView): KernelView {
  return {
    id,
    title: name,
    facts: facts([
      ['state', up ? 'up' : 'down'],
      ['addresses', addresses.join(', ')],
      ['gateways', gateways.join(', ')],
    ]),
    commands: [
      show(`ip -d -s address show dev ${quote(name)}`, 'its addresses and counters'),
      show(`ip route show dev ${quote(name)}`, 'routes that leave by it'),
      ...([...addresses, ...gateways].some(isIpv6)
        ? [show(`ip -6 route show dev ${quote(name)}`, 'those of IPv6')]
        : []),
      show(`ip neighbour show dev ${quote(name)}`, 'the neighbours it has learnt'),
    ],
  };
}

function hostOf({ host, networks }: MapView): KernelView {
  return {
    id: 'host',
    title: `host ${host.name}`,
    facts: facts([
      ['uplinks', host.uplinks.map(({ name }) => name).join(', ')],
      ['networks', networks.length.toString()],
    ]),
    commands: [
      show('sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding', 'whether it forwards'),
      show('nft list table inet fairlead', 'the rules and sets of Fairlead'),
      show('nft list table ip6 fairlead-relay', 'those for what is relayed'),
      show('nft list ruleset', 'everybody’s rules'),
      show('ip route show table all', 'every route'),
    ],
  };
}

function outsideOf({ host }: MapView): KernelView {
  const gateways = host.uplinks.flatMap((uplink) => uplink.gateways.map((address) => ({ address, link: uplink.name })));
  return {
    id: 'outside',
    title: 'outside',
    facts: facts([['gateways', gateways.map(({ address, link }) => `${address} by ${link}`).join(', ')]]),
    commands: [
      show('ip route show default', 'the way out'),
      show('ip -6 route show default', 'the way out of IPv6'),
      ...gateways.map(({ address, link }) =>
        show(`ip neighbour show ${address} dev ${quote(link)}`, 'the gateway’s hardware address'),
      ),
    ],
  };
}

function show(command: string, shows: string): ShowCommand {
  return { command, shows };
}

function facts(all: readonly (readonly [string, string | undefined])[]): [string, string][] {
  return all.flatMap(([label, value]) => (value === undefined || value === '' ? [] : [[label, value]]));
}

function isIpv6(address: string): boolean {
  return address.includes(':');
}

/** Interfaces of others may be called anything without a slash and white space, and commands are pasted into shells. */
function quote(name: string): string {
  return /^[\w.:@+-]+$/.test(name) && !name.startsWith('-') ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
