import { FairleadError } from '@fairlead/base';
import type { BuildCacheChoice, BuildCacheRecord } from '@fairlead/engine';
import type { ApiVersion } from '../http/api-version.ts';
import { type ApiRequest, flag, text } from '../http/request.ts';
import { Filters } from './filters.ts';
import { parseTimestamp, timeText } from './time.ts';

/** Keys that BuildKit knows itself. */
const cacheFields = ['id', 'parent', 'type', 'description', 'inuse', 'shared', 'private', 'mutable', 'immutable'];

/** A record in `GET /system/df`. */
export function presentCacheRecord(record: BuildCacheRecord, version: ApiVersion) {
  const { id, parents, type, description, isUsed, isShared, size, created, lastUsed, uses } = record;
  return {
    ID: id,
    // One of them, until there was a field for all.
    ...(version < 42 ? { Parent: parents[0] ?? '' } : { Parents: parents }),
    Type: type,
    Description: description,
    InUse: isUsed,
    Shared: isShared,
    Size: size,
    CreatedAt: timeText(created),
    LastUsedAt: lastUsed === undefined ? null : timeText(lastUsed),
    UsageCount: uses,
  };
}

/**
 * What `POST /build/prune` asks for.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function parseCachePrune(request: ApiRequest): BuildCacheChoice {
  const keys = [...cacheFields, 'until', 'unused-for', 'label', 'label!'];
  const filters = Filters.parse(text(request, 'filters'), keys);
  return {
    all: flag(request, 'all'),
    unusedFor: unusedFor(filters),
    reserved: bytes(request, 'reserved-space') || bytes(request, 'keep-storage'),
    most: bytes(request, 'max-used-space'),
    free: bytes(request, 'min-free-space'),
    filter: cacheFields.flatMap((key) => condition(key, filters.values(key))).join(','),
  };
}

function unusedFor(filters: Filters): number {
  const [until, unused] = [filters.values('until'), filters.values('unused-for')];
  if (until.length > 0 && unused.length > 0) throw invalid('conflicting filters: "until" and "unused-for"');
  const [value, ...more] = [...until, ...unused];
  if (more.length > 0) throw invalid('filters expect only one value');
  const now = Date.now();
  const since = parseTimestamp(value, now);
  return since === undefined ? 0 : now - Number(since) / 1e6;
}

function condition(key: string, values: readonly string[]): string[] {
  const [value, ...more] = values;
  if (more.length > 0) throw invalid('filters expect only one value');
  if (value === undefined) return [];
  return [`${key}${key === 'id' ? '~=' : '=='}${value}`];
}

function bytes(request: ApiRequest, name: string): number {
  const value = text(request, name) ?? '0';
  if (/^-?\d+$/.test(value) && Number.isSafeInteger(Number(value))) return Number(value);
  throw invalid(`${name} is in bytes and expects an integer, got ${value}`);
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
