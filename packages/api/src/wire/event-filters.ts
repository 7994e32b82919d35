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

/** Kinds of objects that only a swarm has. */
const swarmKinds = ['config', 'node', 'secret', 'service'] as const;

/** True when an event is wanted. */
export function matchesEvent(event: EngineEvent, filters: Filters): boolean {
  return (
    // `exec_start: sh` and `health_status: healthy` are asked for without what follows the colon, too.
    filters.some('event', (action) => event.action === action || event.action.startsWith(`${action}:`)) &&
    filters.exact('type', event.type) &&
    filters.exact('scope', scopeOf(event)) &&
    filters.labels(event.attributes) &&
    isAbout(event, filters, 'container') &&
    isAbout(event, filters, 'network') &&
    isAbout(event, filters, 'volume') &&
    isAbout(event, filters, 'daemon') &&
    isAboutImage(event, filters) &&
    isAbout(event, filters, 'plugin') &&
    swarmKinds.every((kind) => isAbout(event, filters, kind))
  );
}

/** `swarm` for what happens to objects of the swarm, else `local`. */
export function scopeOf({ type }: Pick<EngineEvent, 'type'>): 'local' | 'swarm' {
  return swarmKinds.some((kind) => kind === type) ? 'swarm' : 'local';
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
