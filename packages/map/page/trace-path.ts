import type { MapView, TileView } from '../src/model/map-view.ts';

/** What the page reads of a trace's report (`fairlead.trace/1`). */
export interface TraceAnswer {
  readonly verdict: 'delivered' | 'refused' | 'dropped' | 'lost' | 'unknown';
  readonly summary: string;
  readonly probe?: {
    readonly protocol: string;
    readonly family: number;
    readonly source: { readonly name: string };
    readonly destination: { readonly name: string; readonly port?: number };
  };
  readonly hops: readonly TraceHop[];
  readonly cause?: { readonly code: string; readonly text: string; readonly evidence: readonly string[] };
  readonly fixes: readonly {
    readonly text: string;
    readonly commands: readonly string[];
    readonly undo: readonly string[];
  }[];
  readonly capabilities: { readonly missing: readonly string[] };
  readonly milliseconds: number;
}

/** One place at which the packet was seen. */
export interface TraceHop {
  readonly role: 'request' | 'answer' | 'error';
  readonly place: string;
  readonly device?: string;
  readonly event: 'received' | 'sent' | 'dropped' | 'used';
  readonly microseconds: number;
  readonly packet: { readonly source: string; readonly destination: string };
  readonly rewrites: readonly { readonly field: string; readonly from: string; readonly to: string }[];
  readonly rules: readonly {
    readonly table: string;
    readonly chain: string;
    readonly text: string;
    readonly verdict: string;
  }[];
  readonly reason?: string;
  readonly function?: string;
  readonly harmless?: true;
  readonly inferred?: true;
}

/** A stop of the packet on the map: several hops in one place are one stop. */
export interface Stop {
  /** Id of a thing on the map. */
  readonly at: string;
  readonly hops: readonly TraceHop[];
  /** It ended here, and not as it should. */
  readonly died: boolean;
}

/**
 * Where the packet came by, in order. What was flooded to bystanders is left out, and when it was the answer that was
 * dropped, the answer's way follows.
 */
export function stopsOf(answer: TraceAnswer, view: MapView): Stop[] {
  const hops = answer.hops.filter(({ harmless }) => harmless !== true);
  const isDeath = ({ event }: TraceHop) => event === 'dropped' && answer.verdict !== 'delivered';
  const wayBack = hops.some((hop) => hop.role !== 'request' && isDeath(hop));
  const shown = hops.filter(({ role }) => role === 'request' || wayBack);
  const stops: Stop[] = [];
  for (const hop of shown) {
    const at = placeOf(hop, view);
    const last = stops.at(-1);
    if (last?.at === at && !last.died) stops[stops.length - 1] = { at, hops: [...last.hops, hop], died: isDeath(hop) };
    else stops.push({ at, hops: [hop], died: isDeath(hop) });
  }
  return withEnds(stops, answer, view);
}

/** Where the packet has come by, as far as it has been seen; nobody knows yet how it ends. */
export function stopsSoFar(hops: readonly TraceHop[], view: MapView): Stop[] {
  const unknown = { summary: '', fixes: [], capabilities: { missing: [] }, milliseconds: 0 };
  return stopsOf({ ...unknown, verdict: 'delivered', hops }, view);
}

/** What came by the wire was outside before, and what left by an uplink is there. */
function withEnds(stops: readonly Stop[], { probe }: TraceAnswer, view: MapView): Stop[] {
  const outside: Stop = { at: 'outside', hops: [], died: false };
  const isUplink = (stop: Stop | undefined) => view.host.uplinks.some(({ id }) => id === stop?.at);
  const comes = probe?.source.name === 'outside' && isUplink(stops[0]);
  const last = stops.at(-1);
  const goes = isUplink(last) && last?.died === false && last.hops.some(({ event }) => event === 'sent');
  return [...(comes ? [outside] : []), ...stops, ...(goes ? [outside] : [])];
}

function placeOf(hop: TraceHop, view: MapView): string {
  const { place, device } = hop;
  if (place !== 'host') return tileOf(place, hop, view)?.id ?? (place === 'outside' ? 'outside' : 'host');
  const cable = view.tiles.find((tile) => tile.device !== undefined && tile.device === device);
  // The host's end of the cable belongs to the tile: in dense maps nobody could tell the two apart.
  if (cable !== undefined) return cable.id;
  const network = view.networks.find((each) => each.interface === device);
  if (network !== undefined) return network.id;
  return view.host.uplinks.find(({ name }) => name === device)?.id ?? 'host';
}

/** A container has a tile on each of its networks: that of the interface is meant. */
function tileOf(name: string, { device, packet }: TraceHop, view: MapView): TileView | undefined {
  const tiles = view.tiles.filter((tile) => tile.name === name);
  const ends = [packet.source, packet.destination].map(addressIn);
  return (
    tiles.find((tile) => tile.addresses.some((address) => ends.includes(address))) ??
    tiles.find((tile) => tile.interface === device) ??
    tiles[0]
  );
}

/** `10.0.0.2:80` and `[fd00::2]:80` without their ports. */
function addressIn(end: string): string {
  const bracketed = /^\[(.*)\]/.exec(end)?.[1];
  if (bracketed !== undefined) return bracketed;
  return end.split(':').length === 2 ? (end.split(':')[0] ?? end) : end;
}
