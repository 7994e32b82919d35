/** How much of a container a tile shows: a cell has only its traffic, and its name when one points at it. */
export type Level = 'large' | 'medium' | 'small' | 'dense' | 'cell';

/** Sizes of a level, in CSS pixels. */
export interface TileSize {
  readonly level: Level;
  readonly width: number;
  readonly height: number;
  /** Between tiles, both ways. */
  readonly gap: number;
}

/** A network that wants room, with the ids of its tiles in order. */
export interface CardContent {
  readonly id: string;
  readonly tiles: readonly string[];
}

/** Where a thing is, relative to the area of the networks. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A card and who sits where in it. */
export interface CardPlace extends Box {
  readonly id: string;
  readonly column: number;
  readonly rows: number;
  /** Ids of tiles; `undefined` is a seat that somebody left. */
  readonly seats: readonly (string | undefined)[];
}

/** Where everything is. */
export interface Layout {
  readonly size: TileSize;
  readonly columns: number;
  readonly width: number;
  readonly height: number;
  readonly cards: readonly CardPlace[];
  /** By the id of the tile. */
  readonly tiles: ReadonlyMap<string, Box>;
}

/** The room there is for cards, in CSS pixels. */
export interface Area {
  readonly width: number;
  readonly height: number;
}

/** From the top of a card to its first row of tiles. */
export const CARD_HEAD = 34;
const CARD_PADDING = 8;
/** Between cards; the wires run there. */
export const CARD_GAP = 22;
const MAXIMUM_COLUMNS = 6;

const sizes: readonly TileSize[] = [
  { level: 'large', width: 168, height: 68, gap: 8 },
  { level: 'medium', width: 132, height: 40, gap: 7 },
  { level: 'small', width: 76, height: 24, gap: 4 },
  { level: 'dense', width: 60, height: 18, gap: 3 },
  { level: 'cell', width: 24, height: 12, gap: 3 },
];

/**
 * Find a place for everything. Whoever has one keeps it: a tile that comes takes the first seat that somebody left, or one
 * at the end. Each card begins with a seat to spare, so that whoever comes next moves nobody. The size of tiles changes
 * only when the area does or when they no longer fit.
 */
export function layOut(contents: readonly CardContent[], area: Area, previous?: Layout): Layout {
  const kept = previous?.width === area.width && previous.height === area.height ? previous : undefined;
  const seated = contents.map(({ id, tiles }) => ({ id, seats: seat(tiles, seatsOf(id, kept)) }));
  if (kept !== undefined) {
    const same = place(seated, area, { size: kept.size, columns: kept.columns, kept });
    if (same.fits) return same.layout;
  }
  const fresh = contents.map(({ id, tiles }) => ({ id, seats: tiles }));
  return best(fresh, area);
}

interface SeatedCard {
  readonly id: string;
  readonly seats: readonly (string | undefined)[];
}

function seatsOf(id: string, layout: Layout | undefined): readonly (string | undefined)[] {
  return layout?.cards.find((card) => card.id === id)?.seats ?? [];
}

/** Who sits stays; empty seats are taken first. */
export function seat(tiles: readonly string[], before: readonly (string | undefined)[]): (string | undefined)[] {
  const present = new Set(tiles);
  const seats = before.map((id) => (id !== undefined && present.has(id) ? id : undefined));
  const sitting = new Set(seats);
  for (const id of tiles) {
    if (sitting.has(id)) continue;
    const free = seats.indexOf(undefined);
    if (free < 0) seats.push(id);
    else seats[free] = id;
  }
  return seats;
}

/** The largest tiles with which everything is on one screen, in as few columns as possible; else the lowest of all. */
function best(cards: readonly SeatedCard[], area: Area): Layout {
  let lowest: { readonly layout: Layout; readonly bottom: number } | undefined;
  for (const size of sizes) {
    for (let columns = 1; columns <= Math.min(MAXIMUM_COLUMNS, Math.max(1, cards.length)); columns++) {
      const { fits, layout, bottom } = place(cards, area, { size, columns });
      if (fits) return layout;
      if (lowest === undefined || bottom < lowest.bottom) lowest = { layout, bottom };
    }
  }
  return lowest?.layout ?? place(cards, area, { size: sizes[0] as TileSize, columns: 1 }).layout;
}

interface Choice {
  readonly size: TileSize;
  readonly columns: number;
  /** Cards stay in the columns that they have in it. */
  readonly kept?: Layout;
}

function place(cards: readonly SeatedCard[], area: Area, { size, columns, kept }: Choice) {
  const width = Math.floor((area.width - (columns - 1) * CARD_GAP) / columns);
  const inner = width - 2 * CARD_PADDING;
  const perRow = Math.max(1, Math.floor((inner + size.gap) / (size.width + size.gap)));
  // Tiles share the width of their card: what they leave would be lost to names.
  const fitted = { ...size, width: Math.max(size.width, Math.floor((inner + size.gap) / perRow) - size.gap) };
  const bottoms = new Array<number>(columns).fill(0);
  const tiles = new Map<string, Box>();
  const known = new Map(kept?.cards.map((card) => [card.id, card]));
  const placed = cards.map(({ id, seats }): CardPlace => {
    const before = known.get(id);
    const column = before?.column ?? bottoms.indexOf(Math.min(...bottoms));
    const rows = Math.max(before?.rows ?? 0, Math.ceil((seats.length + (before === undefined ? 1 : 0)) / perRow));
    const top = bottoms[column] ?? 0;
    const x = column * (width + CARD_GAP);
    const y = top === 0 ? 0 : top + CARD_GAP;
    const height = CARD_HEAD + rows * (size.height + size.gap) - size.gap + CARD_PADDING;
    bottoms[column] = y + height;
    seats.forEach((tile, index) => {
      if (tile !== undefined) tiles.set(tile, tileBox(index, perRow, { x, y }, fitted));
    });
    return { id, column, rows, seats, x, y, width, height };
  });
  const bottom = Math.max(0, ...bottoms);
  const isWideEnough = width >= size.width + 2 * CARD_PADDING;
  const layout = { size: fitted, columns, width: area.width, height: area.height, cards: placed, tiles };
  return { layout, bottom, fits: bottom <= area.height && isWideEnough };
}

function tileBox(index: number, perRow: number, at: { readonly x: number; readonly y: number }, size: TileSize): Box {
  const { width, height, gap } = size;
  return {
    x: at.x + CARD_PADDING + (index % perRow) * (width + gap),
    y: at.y + CARD_HEAD + Math.floor(index / perRow) * (height + gap),
    width,
    height,
  };
}
