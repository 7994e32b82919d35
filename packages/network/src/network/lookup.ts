import { FairleadError } from '@fairlead/base';

/** Anything that has an id and a name. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

/**
 * Find a network by full id, then by name, then by the beginning of its id.
 *
 * @throws FairleadError `not-found`, or `invalid-argument` when the beginning fits several.
 */
export function findNetwork<T extends Named>(networks: Iterable<T>, reference: string): T {
  const all = [...networks];
  const exact = all.find((network) => network.id === reference) ?? all.find((network) => network.name === reference);
  if (exact !== undefined) return exact;
  const matches = reference === '' ? [] : all.filter((network) => network.id.startsWith(reference));
  if (matches.length > 1) {
    const count = `${matches.length} matches found based on ID prefix`;
    throw new FairleadError('invalid-argument', `network ${reference} is ambiguous (${count})`);
  }
  const [match] = matches;
  if (match === undefined) throw new FairleadError('not-found', `network ${reference} not found`);
  return match;
}
