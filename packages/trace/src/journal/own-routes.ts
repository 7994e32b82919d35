import type { Prefix } from '@fairlead/base';
import type { TranscriptEntry } from '@fairlead/netlink';

/** Milliseconds for which what is told of a route is taken for a consequence of our own work. */
const AFTERMATH = 3000;

/** The destinations of routes that we have just worked on ourselves. */
export class OwnRoutes {
  readonly #touched = new Map<Prefix, number>();

  /** We do something. @param now milliseconds, of any clock that goes on. */
  touch({ changes = [] }: TranscriptEntry, now: number): void {
    for (const change of changes) {
      const gone = change.action === 'remove' ? (change.alongside ?? []) : [];
      for (const object of [change.object, ...gone]) {
        if (object.kind === 'route' && object.namespace === '') this.#touched.set(object.destination, now);
      }
    }
  }

  /** True for a route that we have just worked on. */
  isOurs(destination: Prefix | undefined, now: number): boolean {
    for (const [route, time] of this.#touched) if (now - time >= AFTERMATH) this.#touched.delete(route);
    return destination !== undefined && this.#touched.has(destination);
  }
}
