import type { ListDelta, MapDelta, MapView } from './map-view.ts';

// The page runs this file as well: it imports nothing but types.

/** The way from one view to the next; `undefined` when they are the same. */
export function diffViews(before: MapView, after: MapView): MapDelta | undefined {
  const networks = diffLists(before.networks, after.networks);
  const tiles = diffLists(before.tiles, after.tiles);
  const ports = diffLists(before.ports, after.ports);
  const delta: MapDelta = {
    ...(isSame(before.host, after.host) ? {} : { host: after.host }),
    ...(networks && { networks }),
    ...(tiles && { tiles }),
    ...(ports && { ports }),
    ...(isSame(before.findings, after.findings) ? {} : { findings: after.findings }),
    ...(before.examined === after.examined || after.examined === undefined ? {} : { examined: after.examined }),
  };
  return Object.keys(delta).length === 0 ? undefined : delta;
}

/** Go that way. */
export function applyDelta(view: MapView, delta: MapDelta): MapView {
  return {
    ...view,
    host: delta.host ?? view.host,
    networks: applyList(view.networks, delta.networks),
    tiles: applyList(view.tiles, delta.tiles),
    ports: applyList(view.ports, delta.ports),
    findings: delta.findings ?? view.findings,
    ...(delta.examined !== undefined && { examined: delta.examined }),
  };
}

/** Something that a list knows by its id. */
interface Item {
  readonly id: string;
}

function diffLists<T extends Item>(before: readonly T[], after: readonly T[]): ListDelta<T> | undefined {
  const known = new Map(before.map((item) => [item.id, item]));
  const set = after.filter((item) => !isSame(known.get(item.id), item));
  const isOrdered = before.length === after.length && before.every(({ id }, index) => after[index]?.id === id);
  if (set.length === 0 && isOrdered) return undefined;
  return { ...(set.length > 0 && { set }), ...(!isOrdered && { order: after.map(({ id }) => id) }) };
}

function applyList<T extends Item>(items: readonly T[], delta: ListDelta<T> | undefined): readonly T[] {
  if (delta === undefined) return items;
  const all = new Map([...items, ...(delta.set ?? [])].map((item) => [item.id, item]));
  const order = delta.order ?? items.map(({ id }) => id);
  return order.flatMap((id) => all.get(id) ?? []);
}

/** Both come from the same code, which always names their parts in the same order. */
function isSame(left: unknown, right: unknown): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}
