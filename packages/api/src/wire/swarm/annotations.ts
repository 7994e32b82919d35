import type { Driver } from '@fairlead/engine';
import { timeText } from '../time.ts';
import { always, maybe, struct, text, texts } from './shape.ts';

/** Labels, which are shown also where there are none. */
export const labels = always(texts, {});
/** Something with options. */
export const driver = struct({ name: maybe(text), options: maybe(texts) }) satisfies { show(value: Driver): unknown };

/** What all objects of a swarm have. */
export function presentMeta({
  id,
  version,
  created,
  updated,
}: {
  readonly id: string;
  readonly version: number;
  readonly created: number;
  readonly updated: number;
}) {
  return {
    ID: id,
    Version: { Index: version },
    CreatedAt: timeText(created),
    UpdatedAt: timeText(updated),
  };
}
