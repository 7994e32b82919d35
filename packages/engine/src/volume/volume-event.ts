import type { EngineEvent } from '../model.ts';
import type { Volume } from './volume-model.ts';

/** An event about a volume, with the attributes by which clients filter. */
export function volumeEvent(
  { id, driver }: Pick<Volume, 'id' | 'driver'>,
  action: 'create' | 'mount' | 'unmount' | 'destroy',
  attributes: Readonly<Record<string, string>> = {},
): Omit<EngineEvent, 'time'> {
  return { type: 'volume', action, id, attributes: { driver, ...attributes } };
}
