import type { MapView } from '../src/model/map-view.ts';
import { makeSvg } from './dom.ts';
import { type Geometry, type Point, pathThrough, wayBetween } from './geometry.ts';

/** Draw what is always connected: outside to uplinks, the host to networks that lead out. */
export function drawWires(svg: SVGElement, view: MapView, geometry: Geometry): void {
  const { outside, sockets } = geometry;
  const uplinks = view.host.uplinks.flatMap(({ id, gateways, up }) => {
    const box = sockets.get(id);
    if (box === undefined || gateways.length === 0 || !up) return [];
    const start = { x: outside.x + outside.width, y: outside.y + outside.height / 2 };
    const half = (start.x + geometry.host.x) / 2;
    const y = box.y + box.height / 2;
    return [[start, { x: half, y: start.y }, { x: half, y }, { x: geometry.host.x, y }]];
  });
  const networks = view.networks
    .filter(({ up, traits, owner, interface: device }) => {
      return up && device !== undefined && (owner === 'other' || !traits.includes('internal'));
    })
    .map(({ id }) => wayBetween('host', id, geometry));
  const paths = [...uplinks, ...networks].map((points: Point[]) => makeSvg('path', { d: pathThrough(points, 8) }));
  svg.replaceChildren(...paths);
}
