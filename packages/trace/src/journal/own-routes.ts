import type { Prefix } from '@fairlead/base';
import type { TranscriptEntry } from '@fairlead/netlink';
import { OwnTouches } from './own-touches.ts';

/** The destinations of routes that we have just worked on ourselves. */
export class OwnRoutes {
  readonly #touched = new OwnTouches<Prefix>();

  /** We do something. @param now milliseconds, of any clock that goes on. */
  touch({ changes = [] }: TranscriptEntry, now: number): void {
    for (const change of changes) {
      const gone = change.action === 'remove' ? (change.alongside ?? []) : [];
      for (const object of [change.object, ...gone]) {
        if (object.kind === 'route' && object.namespace === '') this.#touched.add(object.destination, now);
      }
    }
  }

  /** True for a route that we have just worked on. */
  isOurs(destination: Prefix | undefined, now: number): boolean {
    return destination !== undefined && this.#touched.has(destination, now);
  }
}
