import type { LinkStatistics } from '@fairlead/netlink';
import type { MapView, Rate } from './map-view.ts';

/** Counters of the host's interfaces at a moment. */
export interface CounterSample {
  /** Milliseconds, of a clock that only goes forward. */
  readonly time: number;
  /** By the interface's name. */
  readonly links: ReadonlyMap<string, LinkStatistics>;
}

const still: Rate = [0, 0, 0];

/**
 * What moved between two samples, for each tile with a cable and each uplink. What a cable's host end receives is what the
 * container sent. An interface that is new, or whose counters have gone back because it was made anew, has not moved yet.
 */
export function ratesBetween(view: MapView, before: CounterSample, after: CounterSample): Map<string, Rate> {
  const seconds = (after.time - before.time) / 1000;
  const rateOf = (device: string): Rate => {
    const [from, to] = [before.links.get(device), after.links.get(device)];
    if (from === undefined || to === undefined || seconds <= 0) return still;
    const [received, sent] = [to.receivedBytes - from.receivedBytes, to.sentBytes - from.sentBytes];
    const dropped = to.receiveDropped + to.sendDropped - from.receiveDropped - from.sendDropped;
    if (received < 0 || sent < 0) return still;
    return [Math.round(received / seconds), Math.round(sent / seconds), Math.max(0, dropped)];
  };
  const tiles = view.tiles.flatMap(({ id, device }): [string, Rate][] => {
    if (device === undefined) return [];
    const [received, sent, dropped] = rateOf(device);
    return [[id, [sent, received, dropped]]];
  });
  return new Map([...view.host.uplinks.map(({ id, name }): [string, Rate] => [id, rateOf(name)]), ...tiles]);
}

/**
 * Only what a watcher has not been told yet; one that knows of nothing takes everything to stand still, and what is not
 * there any more, as the cable of a container that has stopped, does.
 */
export function changedRates(
  before: ReadonlyMap<string, Rate>,
  after: ReadonlyMap<string, Rate>,
): Record<string, Rate> | undefined {
  const gone = [...before.keys()].filter((id) => !after.has(id)).map((id) => [id, still] as const);
  const changed = [...after, ...gone].filter(([id, rate]) => {
    const known = before.get(id) ?? still;
    return rate.some((value, index) => value !== known[index]);
  });
  return changed.length === 0 ? undefined : Object.fromEntries(changed);
}
