import { applyDelta } from '../src/model/delta.ts';
import type { FindingView, MapEvent, MapView, PortView, Rate, TileView } from '../src/model/map-view.ts';

/** What the page knows: the map as it was told last, and what is selected. */
export class MapState {
  view: MapView | undefined;
  readonly rates = new Map<string, Rate>();
  /** Ids of things on the map, in the order of their selection. */
  selection: readonly string[] = [];

  /** Take what the server says. @returns what has changed. */
  take(event: MapEvent): 'view' | 'rates' {
    if (event.type === 'rates') {
      for (const [id, rate] of Object.entries(event.rates)) this.rates.set(id, rate);
      return 'rates';
    }
    if (event.type === 'view') this.rates.clear();
    this.view = event.type === 'view' ? event.view : this.view && applyDelta(this.view, event.delta);
    this.selection = this.selection.filter((id) => this.#exists(id));
    for (const id of this.rates.keys()) if (!this.#exists(id)) this.rates.delete(id);
    return 'view';
  }

  /**
   * Select a thing, or let go of it. Two are the ends of a trace; a third takes the place of the second.
   *
   * @returns true when there are two now that were not there before.
   */
  toggle(id: string): boolean {
    if (this.selection.includes(id)) {
      this.selection = this.selection.filter((each) => each !== id);
      return false;
    }
    const [first] = this.selection;
    const isPair = first !== undefined && isEnd(first) && isEnd(id) && canSend(this, first);
    this.selection = isPair ? [first, id] : [id];
    return isPair;
  }

  /** A tile by its id. */
  tile(id: string): TileView | undefined {
    return this.view?.tiles.find((tile) => tile.id === id);
  }

  /** Findings that name a container of ours. */
  findingsOf({ name, owner }: TileView): readonly FindingView[] {
    if (owner === 'other') return [];
    return troubles(this.view).filter(({ affects }) => affects.includes(name));
  }

  /** Ports that lead to a tile's container. */
  portsOf({ name, owner }: TileView): readonly PortView[] {
    return owner === 'other' ? [] : (this.view?.ports.filter(({ container }) => container === name) ?? []);
  }

  #exists(id: string): boolean {
    const { view } = this;
    if (id === 'host' || id === 'outside') return true;
    return [
      ...(view?.tiles ?? []),
      ...(view?.networks ?? []),
      ...(view?.ports ?? []),
      ...(view?.host.uplinks ?? []),
    ].some((each) => each.id === id);
  }
}

/** What is worth a red dot: notes are about the kernel, not about anybody. */
export function troubles(view: MapView | undefined): readonly FindingView[] {
  return view?.findings.filter(({ severity }) => severity !== 'note') ?? [];
}

/** True for what a packet can be sent from or to. */
export function isEnd(id: string): boolean {
  return id === 'host' || id === 'outside' || id.startsWith('tile:') || id.startsWith('port:');
}

/** Packets are sent from our own running containers, from the host, or as if they came by the wire. */
function canSend(state: MapState, id: string): boolean {
  if (id === 'host' || id === 'outside') return true;
  const tile = state.tile(id);
  return tile?.owner === 'fairlead' && tile.state !== 'stopped';
}

/** What a trace of two selected things is asked for. */
export interface TraceQuestion {
  readonly from: string;
  readonly to: string;
  readonly protocol?: 'tcp' | 'udp' | 'icmp';
}

/** The question that two things stand for, in the words of `fairlead trace`. */
export function questionOf(state: MapState, from: string, to: string): TraceQuestion {
  const port = state.view?.ports.find(({ id }) => id === to);
  if (port !== undefined) {
    const protocol = port.protocol === 'udp' ? 'udp' : 'tcp';
    return { from: nameOf(state, from), to: `${port.container}:${port.containerPorts.split('-')[0]}`, protocol };
  }
  return { from: nameOf(state, from), to: targetOf(state, to) };
}

/** By its name, unless that could be another network's or nobody knows it. */
function targetOf(state: MapState, id: string): string {
  const tile = state.tile(id);
  if (tile === undefined) return id;
  const namesakes = state.view?.tiles.filter(({ name }) => name === tile.name).length ?? 0;
  const [address] = tile.addresses;
  return address !== undefined && (tile.owner === 'other' || namesakes > 1) ? address : tile.name;
}

function nameOf(state: MapState, id: string): string {
  return state.tile(id)?.name ?? id;
}

/** What a thing is called on the page. */
export function titleOf(state: MapState, id: string): string {
  const { view } = state;
  const port = view?.ports.find((each) => each.id === id);
  if (port !== undefined) return `port ${port.ports}`;
  if (id === 'host') return view?.host.name ?? id;
  return (
    [...(view?.tiles ?? []), ...(view?.networks ?? []), ...(view?.host.uplinks ?? [])].find((each) => each.id === id)
      ?.name ?? id
  );
}
