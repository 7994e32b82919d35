import { FairleadError } from '@fairlead/base';
import { notFound } from './refusal.ts';

/**
 * The object that is meant: by its whole ID, else by its name, else by the beginning of its ID, as dockerd looks for them.
 *
 * @param kind as messages name it.
 * @throws FairleadError in dockerd's words when there is none, or more than one.
 */
export function findObject<T extends { readonly id: string }>(
  kind: string,
  objects: Iterable<T>,
  reference: string,
  nameOf: (object: T) => string,
): T {
  const all = [...objects];
  const exact = all.find(({ id }) => id === reference);
  if (exact !== undefined) return exact;
  const named = all.filter((object) => nameOf(object) === reference);
  const found = named.length > 0 ? named : all.filter(({ id }) => id.startsWith(reference));
  const [one] = found;
  if (one === undefined) throw notFound(kind, reference);
  if (found.length === 1) return one;
  throw new FairleadError('invalid-argument', `${kind} ${reference} is ambiguous (${found.length} matches found)`);
}
