import { FairleadError } from '@fairlead/base';
import type { Config, NodeView, Secret } from '@fairlead/engine';
import type { Filters } from '../filters.ts';

/** Keys that `GET /secrets` knows. */
export const secretFilterKeys = ['id', 'label', 'name', 'names'] as const;
/** Keys that `GET /configs` knows. */
export const configFilterKeys = ['id', 'label', 'name'] as const;
/** Keys that `GET /nodes` knows. */
export const nodeFilterKeys = ['id', 'label', 'membership', 'name', 'node.label', 'role'] as const;

/**
 * Secrets or configs that a list shows: of names and IDs one has to fit, as in swarmkit, where a name is its beginning and
 * `names` whole ones.
 */
export function selectPayloads<T extends Secret | Config>(objects: readonly T[], filters: Filters): T[] {
  return objects.filter(
    ({ id, spec }) => fitsOne(filters, { id, name: spec.name }) && hasLabels(filters, 'label', spec.labels),
  );
}

/** Nodes that a list shows. @throws FairleadError `invalid-argument` for roles that there are none of. */
export function selectNodes(views: readonly NodeView[], filters: Filters): NodeView[] {
  requireKnown(filters, 'role', ['worker', 'manager']);
  requireKnown(filters, 'membership', ['pending', 'accepted']);
  return views.filter(
    ({ node: { id, spec, description } }) =>
      filters.some('id', (beginning) => id.startsWith(beginning)) &&
      filters.some('name', (beginning) => description.hostname.startsWith(beginning)) &&
      filters.some('role', (role) => role === '' || role.toLowerCase() === spec.role) &&
      filters.some('membership', (membership) => membership === '' || membership.toLowerCase() === 'accepted') &&
      hasLabels(filters, 'label', description.engineLabels) &&
      hasLabels(filters, 'node.label', spec.labels),
  );
}

/** True when no name and no ID is asked for, or one of them fits. */
export function fitsOne(filters: Filters, { id, name }: { readonly id: string; readonly name: string }): boolean {
  const asked = ['id', 'name', 'names'].flatMap((key) => filters.values(key));
  if (asked.length === 0) return true;
  return (
    filters.values('names').includes(name) ||
    filters.values('name').some((beginning) => name.startsWith(beginning)) ||
    filters.values('id').some((beginning) => id.startsWith(beginning))
  );
}

/** True when all labels are there that are asked for; one without value fits any. */
export function hasLabels(filters: Filters, key: string, labels: Readonly<Record<string, string>>): boolean {
  return filters.values(key).every((asked) => {
    const [name = '', ...rest] = asked.split('=');
    const value = rest.join('=');
    return Object.hasOwn(labels, name) && (value === '' || labels[name] === value);
  });
}

function requireKnown(filters: Filters, key: string, known: readonly string[]): void {
  const strange = filters.values(key).find((value) => value !== '' && !known.includes(value.toLowerCase()));
  if (strange !== undefined) throw new FairleadError('internal', `Invalid ${key} filter: '${strange}'`);
}
