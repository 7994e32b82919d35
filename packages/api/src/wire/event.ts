import type { EngineEvent } from '@fairlead/engine';
import type { ApiVersion } from '../http/api-version.ts';
import { scopeOf } from './event-filters.ts';

/** One line of `GET /events`. Before 1.52 containers and images repeat themselves in the form of before 1.22. */
export function presentEvent(event: EngineEvent, version: ApiVersion): string {
  const { type, action, id, attributes, time } = event;
  const legacy = version < 52 && (type === 'container' || type === 'image');
  const from = type === 'container' ? attributes['image'] : undefined;
  const head = JSON.stringify({
    ...(legacy && { status: action, ...(id !== '' && { id }), ...(from !== undefined && { from }) }),
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: scopeOf(event),
  });
  // Nanoseconds do not fit into a JavaScript number.
  return `${head.slice(0, -1)},"time":${time / 1_000_000_000n},"timeNano":${time}}\n`;
}
