import type { ForwardingEntry } from '@fairlead/netlink';
import type { LinkState } from './host-observation.ts';
import type { MapView, NetworkView, TileView } from './map-view.ts';

/** A hardware address in a bridge, with the names of what it belongs to. */
export interface ForwardingRow {
  /** Name of the network; of others' bridges, of the bridge. */
  readonly network: string;
  readonly bridge: string;
  readonly mac: string;
  readonly vlan?: number;
  /** Interface of the host that frames for it leave by: a port of the bridge, or the bridge. */
  readonly port: string;
  readonly index: number;
  /** Index of the cable's other end, in the namespace that it is in. */
  readonly peer?: number;
  /** Who is at the other end, and the name of the interface there. */
  readonly container?: string;
  readonly interface?: string;
  readonly kind: ForwardingEntry['kind'];
  /** Seconds since a frame came from there, of an address that was learnt. */
  readonly age?: number;
}

/**
 * The bridges' forwarding databases with the containers' names, as `bridge fdb show` has them without: by bridge in the
 * order of the map, by port, the port's own address first.
 */
export function forwardingTable(
  view: MapView,
  links: readonly LinkState[],
  entries: readonly ForwardingEntry[],
): ForwardingRow[] {
  const byIndex = new Map(links.map((link) => [link.index, link]));
  const tiles = new Map(
    view.tiles.flatMap((tile) => (tile.device === undefined ? [] : [[tile.device, tile] as const])),
  );
  const order = new Map(view.networks.map(({ name }, position) => [name, position]));
  const networks = networksByBridge(view);
  return entries
    .flatMap((entry) => {
      const port = byIndex.get(entry.index);
      const bridge = byIndex.get(entry.bridge);
      // A link that went while it was looked at.
      if (port === undefined || bridge === undefined) return [];
      const network = networks.get(bridge.name)?.name ?? bridge.name;
      return [row(entry, network, bridge, port, tiles.get(port.name))];
    })
    .toSorted(
      (a, b) =>
        (order.get(a.network) ?? order.size) - (order.get(b.network) ?? order.size) ||
        a.bridge.localeCompare(b.bridge) ||
        a.index - b.index ||
        kinds.indexOf(a.kind) - kinds.indexOf(b.kind) ||
        a.mac.localeCompare(b.mac),
    );
}

const kinds = ['local', 'static', 'learnt'] as const satisfies ForwardingEntry['kind'][];

/** A network may have more bridges than the one that it is shown with; then its containers tell. */
function networksByBridge({ networks, tiles }: MapView): ReadonlyMap<string, NetworkView> {
  const byId = new Map(networks.map((network) => [network.id, network]));
  const first = networks.map((network) => [network.interface, network] as const);
  const further = tiles.map(({ bridge, network }) => [bridge, byId.get(network)] as const);
  return new Map(
    [...further, ...first].flatMap(([bridge, network]) =>
      bridge === undefined || network === undefined ? [] : [[bridge, network]],
    ),
  );
}

function row(
  { mac, index, vlan, kind, age }: ForwardingEntry,
  network: string,
  bridge: LinkState,
  port: LinkState,
  tile: TileView | undefined,
): ForwardingRow {
  return {
    network,
    bridge: bridge.name,
    mac,
    port: port.name,
    index,
    kind,
    ...(vlan !== undefined && { vlan }),
    ...(port.parentIndex !== undefined && { peer: port.parentIndex }),
    ...(tile && { container: tile.name }),
    ...(tile?.interface !== undefined && { interface: tile.interface }),
    ...(kind === 'learnt' && { age }),
  };
}
