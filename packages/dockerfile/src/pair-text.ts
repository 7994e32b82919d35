import type { Pair } from './instruction.ts';

/** Pairs as the history of an image shows them: `a=b c=d`, without quotes. */
export function formatPairs(pairs: readonly Pair[]): string {
  return pairs.map(({ name, value }) => `${name}=${value}`).join(' ');
}
