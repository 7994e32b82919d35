import type { Network } from '@fairlead/engine';
import type { Filters } from './filters.ts';

/** Keys that `GET /networks` knows. */
export const networkFilterKeys = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'] as const;

const predefined: readonly string[] = ['bridge', 'host', 'none'];

/** True for the networks that are always there. */
export function isPredefined(network: Network): boolean {
  return predefined.includes(network.name);
}

/**
 * The networks that a list shows.
 *
 * @param isUsed tells whether a container is on a network.
 * @throws FairleadError `invalid-argument` for values that a filter does not know.
 */
export function selectNetworks(
  networks: readonly Network[],
  filters: Filters,
  isUsed: (network: Network) => boolean,
): Network[] {
  filters.requireOneOf('type', ['builtin', 'custom']);
  filters.requireOneOf('scope', ['local', 'global', 'swarm']);
  const dangling = filters.boolean('dangling');
  return networks.filter(
    (network) =>
      filters.exact('driver', network.driver) &&
      filters.exact('scope', network.scope) &&
      filters.exact('type', isPredefined(network) ? 'builtin' : 'custom') &&
      filters.match('id', network.id) &&
      filters.match('name', network.name) &&
      filters.labels(network.labels) &&
      (dangling === undefined || dangling === (!isPredefined(network) && !isUsed(network))),
  );
}
