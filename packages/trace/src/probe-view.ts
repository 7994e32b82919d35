import type { LinkDetails } from '@fairlead/netlink';
import type { Probe, SentProbe } from './collect/probe.ts';
import type { Standing } from './collect/settle.ts';
import type { Watch } from './collect/watch.ts';
import type { Sighting } from './model/hops.ts';
import { LiveHops } from './model/live-hops.ts';
import { type Observation, outcomeOf } from './model/outcome.ts';
import { rulePasses, unknownRules } from './model/rule-passes.ts';
import { sightingsOf, sightingsOfRules } from './model/sightings.ts';
import type { ProbeRoute } from './probe-route.ts';

/** Looks at a probe that is under way. */
export class ProbeView {
  readonly #probe: Probe;
  readonly #route: ProbeRoute;
  readonly #watch: Watch;
  readonly #sent: SentProbe;
  readonly #live: LiveHops | undefined;
  #standing: (Standing & { readonly key: string }) | undefined;

  constructor(probe: Probe, route: ProbeRoute, sent: SentProbe) {
    this.#probe = probe;
    this.#route = route;
    this.#watch = route.watch;
    this.#sent = sent;
    this.#live = route.tell && new LiveHops(route.tell, (inode) => route.places.nameOf(inode));
  }

  look(): Standing {
    const { packets, rules } = this.#watch;
    packets?.drain();
    rules.drain();
    const seen = (packets?.events.length ?? 0) + rules.events.length;
    const key = `${seen} ${this.#sent.answered()} ${this.#sent.connection?.().state}`;
    // Nothing new, nothing else to judge.
    if (this.#standing?.key === key) return this.#standing;
    const sightings = this.sightings();
    const passes = rulePasses(rules.events, this.#probe.tag, () => unknownRules, sightings);
    this.#live?.note(sightings);
    this.#standing = { key, seen, outcome: outcomeOf(this.observe(sightings, passes)) };
    return this.#standing;
  }

  sightings(): Sighting[] {
    const { packets, rules } = this.#watch;
    const { places } = this.#route;
    const { tag } = this.#probe;
    packets?.drain();
    rules.drain();
    if (packets !== undefined) {
      const here = packets.events.filter(({ namespace }) => places.isHere(namespace));
      return sightingsOf(here, tag, packets.reasons, (inode, index) => this.#linkAt(inode, index)?.kind);
    }
    return sightingsOfRules(rules.events, tag, (inode, index) => this.#linkAt(inode, index)?.name);
  }

  #linkAt(inode: number, index: number): LinkDetails | undefined {
    const { places, namespaces } = this.#route;
    const name = places.namespaceOf(inode);
    return name === undefined ? undefined : namespaces.link(name, index);
  }

  observe(sightings: readonly Sighting[], passes: Observation['passes']): Observation {
    const { places, behind, local } = this.#route;
    const namespace = behind?.container.namespace ?? (local ? '' : undefined);
    return {
      sightings,
      passes,
      sourceNamespace: places.inodeOf(this.#probe.namespace),
      ...(namespace !== undefined && { destinationNamespace: places.inodeOf(namespace) }),
      protocol: this.#probe.protocol,
      arrival: this.#probe.arrival !== undefined,
      ...(this.#probe.arrival && { arrivalDevice: this.#probe.arrival.name }),
      answeredWithData: this.#sent.answered(),
      notSent: this.#sent.failure !== undefined,
      ...connectionOf(this.#sent),
    };
  }
}

function connectionOf(sent: SentProbe): Pick<Observation, 'connection'> {
  const connection = sent.connection?.();
  return connection === undefined ? {} : { connection };
}
