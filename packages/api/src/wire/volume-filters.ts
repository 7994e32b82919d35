import { FairleadError, goBooleanError, parseGoBoolean } from '@fairlead/base';
import { isAnonymous, type VolumeView } from '@fairlead/engine';
import type { ApiVersion } from '../http/api-version.ts';
import type { Filters } from './filters.ts';

/** Keys that `GET /volumes` knows. */
export const volumeFilterKeys = ['dangling', 'driver', 'label', 'name'] as const;
/** Keys that `POST /volumes/prune` knows. */
export const volumePruneKeys = ['all', 'label', 'label!'] as const;

/** From this version on only anonymous volumes are pruned unless all are asked for. */
const pruneAnonymousSince = 42;

/**
 * The volumes that a list shows.
 *
 * @throws FairleadError `invalid-argument` for values that a filter does not know.
 */
export function selectVolumes(views: readonly VolumeView[], filters: Filters): VolumeView[] {
  const dangling = filters.boolean('dangling');
  return views.filter(
    ({ volume, users }) =>
      filters.match('name', volume.id) &&
      filters.exact('driver', volume.driver) &&
      filters.labels(volume.labels ?? {}) &&
      (dangling === undefined || dangling === (users.length === 0)),
  );
}

/**
 * Which of the volumes that nobody uses a prune removes. What options mount is not on this disk: it stays.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function pruneChoice(filters: Filters, version: ApiVersion): (view: VolumeView) => boolean {
  const all = asksForAll(filters) || version < pruneAnonymousSince;
  return ({ volume }) =>
    hasNoOptions({ volume }) && (all || isAnonymous(volume)) && filters.labels(volume.labels ?? {});
}

/** True for a volume that is a plain directory, whose size can be told and whose space can be had back. */
export function hasNoOptions({ volume }: Pick<VolumeView, 'volume'>): boolean {
  return Object.keys(volume.options ?? {}).length === 0;
}

function asksForAll(filters: Filters): boolean {
  const [value, ...more] = filters.values('all');
  if (value === undefined) return false;
  if (more.length > 0)
    throw invalid(`invalid filter 'all=[${[value, ...more].join(' ')}]': only one value is expected`);
  const asked = parseGoBoolean(value);
  if (asked === undefined) throw invalid(`invalid filter 'all': ${goBooleanError(value)}`);
  return asked;
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
