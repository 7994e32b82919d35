import type { Message } from '../message.ts';
import { nftType } from './nft-message.ts';
import { summarizeRule } from './rule-listing.ts';

/**
 * The command that takes away the rules of a chain that have a comment: rules have no names, and their numbers come
 * afterwards.
 *
 * @param count so many of the newest; default: all.
 */
export function removalByComment(
  { family, table, chain }: { readonly family: string; readonly table: string; readonly chain: string },
  comment: string,
  { count, inside = '' }: { readonly count?: number; readonly inside?: string } = {},
): string {
  const place = `${family} ${table} ${chain}`;
  const newest = count === undefined ? '' : ` | head -n ${count}`;
  const numbers = `sed -n 's/.* comment "${comment}" # handle //p'${newest}`;
  return `${inside}nft -a list chain ${place} | ${numbers} | xargs -rn1 ${inside}nft delete rule ${place} handle`;
}

/** The commands that take away the rules that messages have put before those of others; none for rules without a comment. */
export function insertionUndo(messages: readonly Message[], inside = ''): string[] {
  const rules = messages.filter(({ type }) => type === nftType.newRule).map(summarizeRule);
  const commented = rules.filter(({ comment }) => comment !== undefined);
  const chains = Map.groupBy(commented, ({ family, table, chain, comment }) =>
    [family, table, chain, comment].join(' '),
  );
  return [...chains.values()].flatMap((group) => {
    const [first] = group;
    return first?.comment === undefined
      ? []
      : [removalByComment(first, first.comment, { count: group.length, inside })];
  });
}
