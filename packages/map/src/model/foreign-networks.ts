import type { ForeignNamespace, HostObservation, LinkState } from './host-observation.ts';
import type { NetworkView, TileView } from './map-view.ts';
import type { Names } from './names.ts';
import { isGlobal } from './uplinks.ts';

/** The card of what others have, and what hangs on no bridge. */
const ELSEWHERE = 'elsewhere';

/** A cable of others and where it ends. */
interface ForeignCable {
  readonly link: LinkState;
  readonly namespace?: ForeignNamespace;
  readonly inside?: LinkState;
}

/**
 * Networks and containers of other engines, as the kernel tells of them: bridges that are not ours, and cables that end in
 * a namespace that is not ours.
 */
export function foreignNetworks(
  observed: HostObservation,
  names: Names,
  uplinks: ReadonlySet<string>,
): { readonly networks: NetworkView[]; readonly tiles: TileView[] } {
  const own = ownDevices(names);
  const foreign = observed.links.filter(({ name, alias }) => !own.has(name) && alias?.startsWith('fairlead') !== true);
  const bridges = foreign.filter(({ kind, name }) => kind === 'bridge' && !uplinks.has(name));
  const cables = foreign
    .filter(
      ({ kind, name, parentNamespaceId }) => kind === 'veth' && !uplinks.has(name) && parentNamespaceId !== undefined,
    )
    .map((link) => cableOf(link, observed.foreign));
  const masters = new Map(observed.links.map(({ index, name }) => [index, name]));
  const cards = ownCards(names);
  const shown = new Set(bridges.map(({ name }) => name));
  const cardOf = ({ masterIndex }: LinkState): string => {
    const bridge = (masterIndex !== undefined && masters.get(masterIndex)) || '';
    // A bridge that is a way out of the host has no card of its own.
    return cards.get(bridge) ?? (shown.has(bridge) ? `bridge:${bridge}` : ELSEWHERE);
  };
  const reached = new Set(cables.map(({ namespace }) => namespace));
  const tiles = [
    ...cables.map((cable) => cableTile(cable, cardOf(cable.link))),
    ...observed.foreign.filter((namespace) => !reached.has(namespace)).flatMap(unreachedTile),
  ];
  const networks = bridges.map((bridge) => bridgeView(bridge, observed));
  return { networks: tiles.some(isElsewhere) ? [...networks, elsewhere] : networks, tiles };
}

const elsewhere: NetworkView = {
  id: ELSEWHERE,
  name: 'other namespaces',
  owner: 'other',
  driver: 'on no bridge of their own',
  up: true,
  subnets: [],
  traits: [],
};

function isElsewhere({ network }: TileView): boolean {
  return network === ELSEWHERE;
}

function ownDevices({ networks, containers }: Names): ReadonlySet<string | undefined> {
  const cables = containers.flatMap(({ attachments }) => attachments.map(({ hostInterface }) => hostInterface));
  return new Set([...networks.map(({ interface: device }) => device), ...cables]);
}

/** Cards of our networks, by each of their bridges. */
function ownCards({ networks, containers }: Names): ReadonlyMap<string | undefined, string> {
  const attachments = containers.flatMap((container) => container.attachments);
  const further = attachments.map(({ segment, network }) => [segment?.bridge, `network:${network}`] as const);
  return new Map([...further, ...networks.map(({ interface: device, name }) => [device, `network:${name}`] as const)]);
}

/** The other end is told by its index and by the host's id for its namespace. */
function cableOf(link: LinkState, foreign: readonly ForeignNamespace[]): ForeignCable {
  const namespace = foreign.find(({ id }) => id !== undefined && id === link.parentNamespaceId);
  const inside = namespace?.links.find(({ index }) => index === link.parentIndex);
  return { link, ...(namespace && { namespace }), ...(inside && { inside }) };
}

function cableTile({ link, namespace, inside }: ForeignCable, network: string): TileView {
  const connected = link.up && link.operationalState !== 'lowerlayerdown';
  if (namespace === undefined) {
    const detail = 'in a namespace that cannot be found';
    return { ...bareTile(link.name, network), id: `tile:${link.name}`, device: link.name, connected, detail };
  }
  return {
    ...namespaceTile(namespace, network),
    id: `tile:${link.name}`,
    device: link.name,
    connected,
    addresses: inside === undefined ? [] : addressesOn(namespace, inside.name),
    ...(inside && { interface: inside.name }),
  };
}

/** No cable leads there from here, but it has a link other than its loopback: a macvlan, or a tunnel. */
function unreachedTile(namespace: ForeignNamespace): TileView[] {
  const inside = namespace.links.find(({ name, kind }) => name !== 'lo' && kind !== 'veth');
  if (inside === undefined) return [];
  const place = namespace.name ?? `pid ${namespace.process?.pid ?? 0}`;
  const tile = namespaceTile(namespace, ELSEWHERE);
  const addresses = addressesOn(namespace, inside.name);
  return [{ ...tile, id: `tile:${ELSEWHERE}/${place}`, interface: inside.name, addresses }];
}

function namespaceTile({ name, process }: ForeignNamespace, network: string): TileView {
  const made = process?.engine ?? (name === undefined ? undefined : `namespace ${name}`);
  const runs = process === undefined ? undefined : `${process.name} (pid ${process.pid})`;
  return {
    ...bareTile(name ?? process?.name ?? 'namespace', network),
    detail: [made, runs].filter((part) => part !== undefined).join(' · '),
    ...(name !== undefined && { namespace: name }),
    ...(process !== undefined && { pid: process.pid }),
  };
}

function bareTile(name: string, network: string): TileView {
  return { id: '', name, network, owner: 'other', state: 'running', addresses: [], connected: true };
}

function addressesOn({ addresses }: ForeignNamespace, link: string): string[] {
  return addresses
    .filter((each) => each.link === link && isGlobal(each.address))
    .map(({ address }) => hostPart(address));
}

function hostPart(address: string): string {
  return address.replace(/\/\d+$/, '');
}

function bridgeView({ name, up, mtu }: LinkState, { addresses }: HostObservation): NetworkView {
  const subnets = addresses.filter(({ link, address }) => link === name && isGlobal(address));
  return {
    id: `bridge:${name}`,
    name,
    owner: 'other',
    driver: 'bridge',
    interface: name,
    up,
    mtu,
    subnets: subnets.map(({ address }) => address),
    traits: [],
  };
}
