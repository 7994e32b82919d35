import type { Box } from './layout.ts';

/** Keys that lead from one thing to another. */
export type Direction = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';

/** True for a key that leads somewhere. */
export function isDirection(key: string): key is Direction {
  return key === 'ArrowLeft' || key === 'ArrowRight' || key === 'ArrowUp' || key === 'ArrowDown';
}

/** Sideways counts thrice: an arrow leads on in its row or column before it leads to another. */
const SIDEWAYS = 3;

/** The nearest thing in a direction, by the places of their middles; `undefined` at the border. */
export function neighbourOf(id: string, direction: Direction, boxes: ReadonlyMap<string, Box>): string | undefined {
  const from = boxes.get(id);
  if (from === undefined) return undefined;
  let nearest: { readonly id: string; readonly distance: number } | undefined;
  for (const [candidate, box] of boxes) {
    const [ahead, aside] = offset(from, box, direction);
    if (candidate === id || ahead <= 0) continue;
    const distance = ahead + SIDEWAYS * Math.abs(aside);
    if (nearest === undefined || distance < nearest.distance) nearest = { id: candidate, distance };
  }
  return nearest?.id;
}

function offset(from: Box, to: Box, direction: Direction): [ahead: number, aside: number] {
  const x = to.x + to.width / 2 - from.x - from.width / 2;
  const y = to.y + to.height / 2 - from.y - from.height / 2;
  switch (direction) {
    case 'ArrowRight':
      return [x, y];
    case 'ArrowLeft':
      return [-x, y];
    case 'ArrowDown':
      return [y, x];
    case 'ArrowUp':
      return [-y, x];
    default:
      return direction satisfies never;
  }
}
