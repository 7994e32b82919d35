import { buildHops, inOrder, type Sighting } from './hops.ts';
import type { Hop, ProbeSummary } from './report.ts';

/** What is told of a trace while it goes on. */
export type TraceNews = { readonly probe: ProbeSummary } | { readonly hop: Hop };

/** Whoever is told of a trace while it goes on; must not throw. */
export type TraceListener = (news: TraceNews) => void;

/**
 * Tells of each hop once, when it is first seen. What takes time is left to the report: the rules that the packet met, what
 * of it was harmless, and the order where two processors saw it at once.
 */
export class LiveHops {
  readonly #tell: TraceListener;
  readonly #placeName: (namespace: number) => string;
  readonly #told = new Set<string>();

  constructor(tell: TraceListener, placeName: (namespace: number) => string) {
    this.#tell = tell;
    this.#placeName = placeName;
  }

  /** Take in everything that has been seen by now. */
  note(sightings: readonly Sighting[]): void {
    const shown = inOrder(sightings.filter(({ event }) => event !== 'used'));
    const hops = buildHops({ sightings: shown, passes: [], placeName: this.#placeName });
    for (const [at, hop] of hops.entries()) {
      const { time, packetAddress, namespace } = shown[at] ?? { time: 0n, packetAddress: 0n, namespace: 0 };
      const key = `${time} ${packetAddress} ${namespace} ${hop.event}`;
      if (this.#told.has(key)) continue;
      this.#told.add(key);
      this.#tell({ hop });
    }
  }
}
