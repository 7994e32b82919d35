import type { FindingView, MapView, PortView, Rate, TileView } from '../src/model/map-view.ts';

const units = ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s'] as const;

/** A rate in few characters: `0`, `980 B/s`, `1.2 MB/s`. */
export function rateText(bytesPerSecond: number): string {
  if (bytesPerSecond < 1) return '0';
  const power = Math.min(units.length - 1, Math.floor(Math.log10(bytesPerSecond) / 3));
  const value = bytesPerSecond / 1000 ** power;
  // 999.7 of one unit would be shown as 1000 of it.
  if (Math.round(value) === 1000 && power < units.length - 1) return `1.0 ${units[power + 1]}`;
  return `${power > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

/** Lowest and highest rate that a bar tells apart: 100 B/s and 1 GB/s, as powers of ten. */
const lowest = 2;
const highest = 9;

/** Length of a bar from 0 to 1. By powers of ten: a ping and a backup are both to be seen. */
export function barLength(bytesPerSecond: number): number {
  if (bytesPerSecond <= 0) return 0;
  const share = (Math.log10(bytesPerSecond) - lowest) / (highest - lowest);
  return Math.min(1, Math.max(0.04, share));
}

/** What a tile is called by a screen reader: everything that it shows but its traffic, which would never stay still. */
export function tileLabel(
  tile: TileView,
  network: string,
  findings: readonly FindingView[],
  ports: readonly PortView[],
): string {
  const stranger = tile.owner === 'other' ? 'of another engine' : undefined;
  const troubles = findings.length === 0 ? undefined : `${findings.length} ${plural(findings.length, 'finding')}`;
  const open = ports.length === 0 ? undefined : `published at ${socketsOf(ports).map(portText).join(', ')}`;
  return [
    `${tile.name} on ${network}`,
    stranger,
    tile.state === 'running' ? undefined : tile.state,
    tile.connected ? undefined : 'not connected',
    tile.addresses.join(' and ') || undefined,
    open,
    troubles,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}

/** `8080`, `127.0.0.1:8080`, `53/udp`. */
export function portText({ address, ports, protocol }: PortView): string {
  const everywhere = address === '0.0.0.0' || address === '::';
  const host = everywhere ? '' : `${address.includes(':') ? `[${address}]` : address}:`;
  return `${host}${ports}${protocol === 'tcp' ? '' : `/${protocol}`}`;
}

/** What all traffic of the uplinks comes to. */
export function totalRate(view: MapView, rates: ReadonlyMap<string, Rate>): Rate {
  return view.host.uplinks.reduce<Rate>(
    ([received, sent, dropped], { id }) => {
      const rate = rates.get(id) ?? [0, 0, 0];
      return [received + rate[0], sent + rate[1], dropped + rate[2]];
    },
    [0, 0, 0],
  );
}

/** `12 containers on 3 networks`; a container on two networks is one. */
export function countText({ tiles, networks }: MapView): string {
  const containers = new Set(tiles.map(({ name, owner }) => `${owner}/${name}`)).size;
  return `${containers} ${plural(containers, 'container')} on ${networks.length} ${plural(networks.length, 'network')}`;
}

/** `1 finding`, `2 findings`. */
export function plural(count: number, word: string): string {
  return count === 1 ? word : `${word}s`;
}

/** Published ports of one container with the same numbers, once for each address family, are one socket. */
export function socketsOf(ports: readonly PortView[]): PortView[] {
  const seen = new Map<string, PortView>();
  for (const port of ports) {
    const everywhere = port.address === '0.0.0.0' || port.address === '::' ? '' : port.address;
    const key = [port.container, port.protocol, port.ports, port.containerPorts, everywhere].join(' ');
    if (!seen.has(key)) seen.set(key, port);
  }
  return [...seen.values()];
}
