import { type Box, CARD_GAP, CARD_HEAD, type CardPlace, type Layout } from './layout.ts';

/** A point of the map, in CSS pixels from its top left. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where things are on the whole map. */
export interface Geometry {
  readonly layout: Layout;
  /** Top left of the area of the networks. */
  readonly origin: Point;
  readonly outside: Box;
  readonly host: Box;
  /** By the id of an uplink or of a port. */
  readonly sockets: ReadonlyMap<string, Box>;
}

/** From a tile to the gutter beside it. */
const BESIDE = 3;
/** From the head of a card to the line that its tiles hang on. */
const RAIL = 5;

/**
 * The points of a way from one thing to another, along the gaps between tiles and cards: never across a tile. Ends are
 * `outside`, `host`, and ids of uplinks, ports, networks and tiles; what is not on the map has no way.
 */
export function wayBetween(from: string, to: string, geometry: Geometry): Point[] {
  const [up, down] = [climb(from, geometry), climb(to, geometry)];
  if (up === undefined || down === undefined) return [];
  const meeting = up.find(({ within }) => down.some((stretch) => stretch.within === within));
  const there = pointsUpTo(meeting, up);
  const back = pointsUpTo(meeting, down);
  return withoutRepeats([...there, ...back.toReversed()]);
}

/** Two ways to the trunk that go by the same card meet on its rail, and need not leave it. */
function pointsUpTo(meeting: Stretch | undefined, way: readonly Stretch[]): readonly Point[] {
  const end = way.findIndex(({ within }) => within === meeting?.within);
  if (end === 0) return meeting?.points.slice(0, 1) ?? [];
  return way.slice(0, end < 0 ? way.length : end).flatMap(({ points }) => points);
}

/** Where a thing is shown to be: the end of every way to it. */
export function anchorOf(id: string, geometry: Geometry): Point | undefined {
  return climb(id, geometry)?.[0]?.points[0];
}

/** Where a note about a thing stands, and the line from the thing to it. */
export interface NotePlace extends Point {
  readonly leader: readonly Point[];
}

/**
 * A place for a note that hides nothing of what it is about: right of a tile; for all else below the host, where it is
 * joined by a line, unless there is no room. Where the networks are below the host, it is below whatever it is about.
 *
 * @param bottom of what is to be seen of the map.
 */
export function placeNote(
  id: string,
  note: Pick<Box, 'width' | 'height'>,
  geometry: Geometry,
  bottom: number,
): NotePlace {
  const { host, layout, origin } = geometry;
  const at = anchorOf(id, geometry) ?? { x: 0, y: 0 };
  if (isStacked(geometry)) {
    const below = (layout.tiles.get(id)?.height ?? 0) / 2 + 8;
    return { x: Math.max(0, Math.min(at.x, origin.x + layout.width - note.width)), y: at.y + below, leader: [] };
  }
  const trunk = trunkOf(geometry);
  const y = Math.max(at.y - 18, host.y + host.height + 12);
  if (!layout.tiles.has(id) && y + note.height <= bottom) {
    const x = Math.max(0, trunk - 12 - note.width);
    return { x, y, leader: [at, { x: trunk, y: at.y }, { x: trunk, y: y + 18 }, { x: x + note.width, y: y + 18 }] };
  }
  const beside = at.x + (layout.tiles.get(id)?.width ?? 0) + 14;
  return {
    x: Math.min(beside, origin.x + layout.width - note.width),
    y: at.y + (layout.tiles.has(id) ? -14 : 16),
    leader: [],
  };
}

/** A part of the way from a thing to the trunk between the host and the networks, up to where it meets others. */
interface Stretch {
  /** Id of what it leads out of. */
  readonly within: string;
  readonly points: readonly Point[];
}

function climb(id: string, geometry: Geometry): readonly Stretch[] | undefined {
  const { host, outside, sockets } = geometry;
  const socket = sockets.get(id);
  if (id === 'outside' || id === 'host' || socket !== undefined) {
    if (isStacked(geometry)) return climbDown(id, geometry);
    if (id === 'outside') return [{ within: id, points: [{ x: outside.x + outside.width, y: middle(outside) }] }];
    return [{ within: id, points: wayAcross(socket ?? headOf(host), geometry) }];
  }
  const card = geometry.layout.cards.find((each) => each.id === id);
  if (card !== undefined) return [cardStretch(card, geometry)];
  return tileClimb(id, geometry);
}

/** From a part of the host to the trunk right of it. */
function wayAcross(part: Box, geometry: Geometry): Point[] {
  const start = { x: part.x + part.width, y: middle(part) };
  return [start, { x: trunkOf(geometry), y: start.y }];
}

/**
 * The same where the networks are below. Outside and sockets meet between outside and the host, and go down there; the host
 * itself begins at its foot; all go along the lane above the networks.
 */
function climbDown(id: string, geometry: Geometry): readonly Stretch[] {
  const { outside, host, origin, sockets } = geometry;
  const y = origin.y - CARD_GAP / 2;
  const lane = { within: 'lane', points: [{ x: trunkOf(geometry), y }] };
  if (id === 'host') {
    const x = host.x + CARD_HEAD / 2;
    const points = [
      { x, y: host.y + host.height },
      { x, y },
    ];
    return [{ within: id, points }, lane];
  }
  const socket = sockets.get(id);
  const gutter = host.x - CARD_GAP / 2;
  const start = socket ? { x: host.x, y: middle(socket) } : { x: outside.x + outside.width, y: middle(outside) };
  const way = { within: id, points: [start, { x: gutter, y: start.y }] };
  return [way, { within: 'gutter', points: [{ x: gutter, y }] }, lane];
}

/** True where the networks are below the host, as on a narrow screen. */
function isStacked({ host, origin }: Pick<Geometry, 'host' | 'origin'>): boolean {
  return origin.y >= host.y + host.height;
}

function headOf({ x, y, width }: Box): Box {
  return { x, y, width, height: CARD_HEAD };
}

function tileClimb(id: string, geometry: Geometry): readonly Stretch[] | undefined {
  const { layout, origin } = geometry;
  const tile = layout.tiles.get(id);
  const card = layout.cards.find(({ seats }) => seats.includes(id));
  if (tile === undefined || card === undefined) return undefined;
  const start = { x: origin.x + tile.x, y: origin.y + middle(tile) };
  const gutter = start.x - BESIDE;
  const points = [start, { x: gutter, y: start.y }, { x: gutter, y: railOf(card, geometry) }];
  return [{ within: id, points }, cardStretch(card, geometry)];
}

/** From a card's rail to the left of its column, and from columns further right along the top to the trunk. */
function cardStretch(card: CardPlace, geometry: Geometry): Stretch {
  const { origin } = geometry;
  const y = railOf(card, geometry);
  const x = origin.x + card.x;
  const gutter = x - CARD_GAP / 2;
  const trunk = trunkOf(geometry);
  const top = origin.y - CARD_GAP / 4;
  const along =
    card.column === 0
      ? []
      : [
          { x: gutter, y: top },
          { x: trunk, y: top },
        ];
  return { within: card.id, points: [{ x, y }, { x: gutter, y }, ...along] };
}

/** Left of the networks, where all ways meet. */
function trunkOf({ origin }: Geometry): number {
  return origin.x - CARD_GAP / 2;
}

function railOf(card: Box, { origin }: Geometry): number {
  return origin.y + card.y + CARD_HEAD - RAIL;
}

function middle({ y, height }: Box): number {
  return y + height / 2;
}

function withoutRepeats(points: readonly Point[]): Point[] {
  return points.filter(({ x, y }, index) => {
    const before = points[index - 1];
    return before === undefined || before.x !== x || before.y !== y;
  });
}

/** The `d` of an SVG path through points, with straight corners made round. */
export function pathThrough(points: readonly Point[], radius = 6): string {
  const [first, ...rest] = squared(points);
  if (first === undefined) return '';
  const corners = rest.map((point, index) => {
    const before = index === 0 ? first : (rest[index - 1] ?? first);
    const next = rest[index + 1];
    if (next === undefined) return `L${point.x} ${point.y}`;
    const into = towards(point, before, radius);
    const out = towards(point, next, radius);
    return `L${into.x} ${into.y}Q${point.x} ${point.y} ${out.x} ${out.y}`;
  });
  return `M${first.x} ${first.y}${corners.join('')}`;
}

/** Ways only go along and across: where two points differ both ways, first along. */
function squared(points: readonly Point[]): Point[] {
  return points.flatMap((point, index) => {
    const before = points[index - 1];
    if (before === undefined || before.x === point.x || before.y === point.y) return [point];
    return [{ x: before.x, y: point.y }, point];
  });
}

function towards(from: Point, to: Point, radius: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const share = length === 0 ? 0 : Math.min(radius, length / 2) / length;
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}
