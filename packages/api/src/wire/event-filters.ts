import type { EngineEvent } from '@fairlead/engine';
import type { Filters } from './filters.ts';

/** Keys that `GET /events` knows. */
export const eventFilterKeys = [
  'config',
  'container',
  'daemon',
  'event',
  'image',
  'label',
  'network',
  'node',
  'plugin',
  'scope',
  'secret',
  'service',
  'type',
  'volume',
] as const;

const absentKinds = ['config', 'node', 'plugin', 'secret', 'service'] as const;

/** True when an event is wanted. */
export function matchesEvent(event: EngineEvent, filters: Filters): boolean {
  return (
    // `exec_start: sh` and `health_status: healthy` are asked for without what follows the colon, too.
    filters.some('event', (action) => event.action === action || event.action.startsWith(`${action}:`)) &&
    filters.exact('type', event.type) &&
    filters.exact('scope', 'local') &&
    filters.labels(event.attributes) &&
    isAbout(event, filters, 'container') &&
    isAbout(event, filters, 'network') &&
    isAbout(event, filters, 'volume') &&
    isAbout(event, filters, 'daemon') &&
    isAboutImage(event, filters) &&
    // Nothing happens to what there is none of.
    absentKinds.every((kind) => filters.some(kind, () => false))
  );
}

/** By full id, beginning of the id, or name. */
function isAbout(event: EngineEvent, filters: Filters, type: EngineEvent['type']): boolean {
  return filters.some(type, (value) => {
    if (event.type !== type) return false;
    return event.attributes['name'] === value.replace(/^\//, '') || event.id.startsWith(value);
  });
}

/** Events of an image, and of containers made from it. */
function isAboutImage(event: EngineEvent, filters: Filters): boolean {
  return filters.some('image', (value) => {
    const name = event.type === 'image' ? event.attributes['name'] : event.attributes['image'];
    const bare = (text: string | undefined): string | undefined => text?.replace(/:[^/:]*$/, '');
    return event.type === 'image' && event.id === value ? true : name === value || bare(name) === value;
  });
}
