import type { IpAddress } from '@fairlead/base';
import type { LinkDetails } from '@fairlead/netlink';
import { traceFile } from './capture/trace-file.ts';
import { askAnswerWay } from './collect/answer-way.ts';
import { LegacyWatch } from './collect/legacy-watch.ts';
import { askForwarding, askNamespace } from './collect/namespace-facts.ts';
import type { Namespaces } from './collect/namespaces.ts';
import { neighborDropsOf } from './collect/neighbor-drops.ts';
import type { PlaceMap } from './collect/place-map.ts';
import { type Probe, type SentProbe, sendProbe } from './collect/probe.ts';
import type { RuleWatch } from './collect/rule-watch.ts';
import { type Ruleset, readRuleset } from './collect/ruleset.ts';
import { type Standing, settle } from './collect/settle.ts';
import { processOfSocket, receivingSockets } from './collect/socket-table.ts';
import { askTunnel } from './collect/tunnel-facts.ts';
import type { Watch } from './collect/watch.ts';
import { watchedNamespaces } from './collect/watched-namespaces.ts';
import type { Case } from './model/case.ts';
import { addressOn, type ContainerPlace, type Directory } from './model/directory.ts';
import { type Facts, linkNamed, type NamespaceFacts } from './model/facts.ts';
import { buildHops, type Sighting } from './model/hops.ts';
import { listenerAt } from './model/listener.ts';
import { LiveHops, type TraceListener } from './model/live-hops.ts';
import { markHarmless, type Observation, type Outcome, outcomeOf } from './model/outcome.ts';
import type { Capabilities, Hop, NameStep, ProbeSummary } from './model/report.ts';
import { rulePasses, traceTablePrefix } from './model/rule-passes.ts';
import { sightingsOf, sightingsOfRules } from './model/sightings.ts';
import { summaryOf } from './model/summary.ts';

/** Where the probe goes, and what is known of its ends. */
export interface Route {
  readonly namespaces: Namespaces;
  readonly places: PlaceMap;
  readonly directory: Directory;
  readonly sourceName: string;
  readonly sourceContainer?: ContainerPlace;
  readonly targetName: string;
  /** The container that has the address, or to which the port leads. */
  readonly behind?: { readonly container: ContainerPlace; readonly port?: number; readonly published: boolean };
  /** True for an address of the host. */
  readonly local: boolean;
  /** Milliseconds to wait for an answer. */
  readonly patience: number;
  readonly watch: Watch;
  /** How its name was looked up. */
  readonly name?: NameStep;
  /** Also make a file of the packets. */
  readonly pcapng?: boolean;
  /** Told of the probe, and of each hop as it is seen. */
  readonly tell?: TraceListener;
}

/** What was seen, in order, and what it comes to. */
export interface Followed {
  readonly trace: Case;
  readonly hops: readonly Hop[];
  readonly capabilities: Capabilities;
  readonly probe: ProbeSummary;
  readonly summary: string;
  /** A pcapng file in base64, when one was asked for. */
  readonly pcapng?: string;
}

/** Send a probe, watch it, and gather what explains what became of it. */
export async function followProbe(probe: Probe, route: Route): Promise<Followed> {
  const { watch } = route;
  const watched = watchedNamespaces(probe, route);
  watch.rules.add(watched);
  const legacy = new LegacyWatch(watched.map(({ namespace }) => namespace));
  using sent = sendProbe(probe, route.namespaces.get(probe.namespace));
  const probeSummary = summaryOfProbe(probe, route, sent.sourcePort);
  route.tell?.({ probe: probeSummary });
  const view = new ProbeView(probe, route, legacy, sent);
  await settle(() => view.look(), route.patience, probe.protocol === 'udp');
  // The rules are read while the tables with them are still what they were.
  const sightings = view.sightings();
  const passes = rulePasses(watch.rules.events, probe.tag, rulesetReader(route, watch.rules), sightings);
  const observation = view.observe(sightings, passes);
  const outcome = outcomeOf(observation);
  const trace = view.caseOf(observation, outcome);
  // That the kernel used a packet up is worth no line: where it got is said by its socket.
  const places = sightings.filter(({ event }) => event !== 'used');
  const hops = buildHops({ sightings: places, passes, placeName: (inode) => route.places.nameOf(inode) });
  const file =
    route.pcapng === true ? traceFile({ sightings: places, hops, ...route, clockOffset: clockOffset() }) : undefined;
  return {
    trace,
    hops: markHarmless(hops, places, outcome.harmless),
    capabilities: {
      packets: watch.packets !== undefined,
      rules: watch.rules.missing.length === 0,
      missing: [...watch.missing, ...(watch.packets?.missing ?? []), ...watch.rules.missing],
    },
    probe: probeSummary,
    summary: summaryOf(trace),
    ...(file && { pcapng: Buffer.from(file).toString('base64') }),
  };
}

/** Programs read the monotonic clock. */
function clockOffset(): bigint {
  return BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
}

function rulesetReader({ namespaces, places }: Route, { events }: RuleWatch): (inode: number) => Ruleset {
  const known = new Map<number, Ruleset>();
  return (inode) => {
    const ruleset = known.get(inode) ?? readOne(inode);
    known.set(inode, ruleset);
    return ruleset;
  };
  function readOne(inode: number): Ruleset {
    const name = places.namespaceOf(inode);
    if (name === undefined) return { chains: [], rules: [] };
    const wanted = events.filter(({ namespace, table }) => namespace === inode && !table.startsWith(traceTablePrefix));
    return readRuleset(namespaces.get(name), wanted);
  }
}

/** Looks at a probe that is under way. */
class ProbeView {
  readonly #probe: Probe;
  readonly #route: Route;
  readonly #watch: Watch;
  readonly #legacy: LegacyWatch;
  readonly #sent: SentProbe;
  readonly #live: LiveHops | undefined;
  #standing: (Standing & { readonly key: string }) | undefined;

  constructor(probe: Probe, route: Route, legacy: LegacyWatch, sent: SentProbe) {
    this.#probe = probe;
    this.#route = route;
    this.#watch = route.watch;
    this.#legacy = legacy;
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
    const passes = rulePasses(rules.events, this.#probe.tag, () => ({ chains: [], rules: [] }), sightings);
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

  caseOf(observation: Observation, outcome: Outcome): Case {
    const { places, directory, behind, local, targetName, sourceName, sourceContainer } = this.#route;
    const { protocol, family, port, size, arrival, namespace, source, destination } = this.#probe;
    const facts = this.#gatherFacts(observation, outcome);
    const there = behind?.container.namespace ?? (local ? '' : undefined);
    const innerPort = protocol === 'icmp' ? undefined : (behind?.port ?? port);
    const listening =
      innerPort === undefined
        ? undefined
        : listenerAt(facts.sockets, destination, innerPort, behind?.published === true);
    const owner =
      listening && there !== undefined ? processOfSocket(listening.inode, places.inodeOf(there)) : undefined;
    return {
      protocol,
      family,
      source: {
        name: sourceName,
        address: source,
        namespace,
        arrival: arrival !== undefined,
        ...(sourceContainer && { container: sourceContainer }),
      },
      destination: {
        name: targetName,
        address: destination,
        published: behind?.published === true,
        local,
        ...(protocol !== 'icmp' && { port }),
        ...(innerPort !== undefined && { innerPort }),
        ...(behind && { container: behind.container }),
        ...(there !== undefined && { namespace: there }),
      },
      ...(size !== undefined && { size }),
      ...(this.#route.name && { name: this.#route.name }),
      ...(this.#sent.failure !== undefined && { sendFailure: this.#sent.failure }),
      observation,
      outcome,
      facts,
      directory,
      ...(owner && { listener: `${owner.name} (pid ${owner.pid}) in ${targetName}` }),
      placeName: (inode) => places.nameOf(inode),
      namespaceName: (inode) => places.namespaceOf(inode),
    };
  }

  /** Everything that may explain it, asked where it was last seen, where it began and where it was to arrive. */
  #gatherFacts({ sightings }: Observation, outcome: Outcome): Facts {
    const { behind, local, places, namespaces, sourceName, sourceContainer } = this.#route;
    const { family, source, destination, namespace, protocol } = this.#probe;
    const packet = { family, source, destination };
    const sourceInode = places.inodeOf(namespace);
    if (outcome.verdict === 'delivered' && !this.#isElsewhere(outcome)) return this.#factsOfDelivery(sourceInode);
    const start = askNamespace(namespaces.get(namespace), {
      place: sourceName,
      inode: sourceInode,
      packet,
      ...interfaceOf(sourceContainer, family),
    });
    const there = behind?.container.namespace ?? (local ? '' : undefined);
    const answer = { family, source: destination, destination: source };
    const end =
      there === undefined
        ? undefined
        : askNamespace(namespaces.get(there), {
            place: places.nameOf(places.inodeOf(there)),
            inode: places.inodeOf(there),
            packet: answer,
            ...interfaceOf(behind?.container, family),
          });
    const last = this.#factsAt(outcome.drop ?? outcome.last);
    const inner = { family, source, destination: behindOf(behind, family) ?? destination };
    const host = askNamespace(namespaces.get(''), {
      place: 'host',
      inode: places.inodeOf(''),
      packet: inner,
      ...bridgeOf(this.#route, family),
    });
    const sockets = there === undefined || protocol === 'icmp' ? [] : receivingSockets(namespaces.get(there), protocol);
    const forwarding = this.#askForwarding(host, end);
    const answerWay = askAnswerWay(sightings, source, this.#route);
    const legacyDrops = this.#legacyDropsAt(outcome.drop);
    const tunnel = askTunnel(sightings, outcome, this.#route);
    const { packets } = this.#watch;
    const neighborDrops = packets && neighborDropsOf(packets.neighborDrops, { places, namespaces }, packets.reasons);
    return {
      source: start,
      host,
      sockets,
      ...(neighborDrops && { neighborDrops }),
      ...(forwarding && { forwarding }),
      ...(answerWay && { answerWay }),
      ...(legacyDrops && { legacyDrops }),
      ...(tunnel && { tunnel }),
      ...(last && { last }),
      ...(end && { destination: end }),
    };
  }

  /** True when another container than the one that it was for has answered. */
  #isElsewhere({ reply }: Outcome): boolean {
    const { behind, places, local } = this.#route;
    if (reply?.role !== 'answer') return false;
    // Who answers himself, and under an address that is not known for his own, is asked more.
    if (behind === undefined) return !local && reply.namespace === places.inodeOf(this.#probe.namespace);
    return reply.namespace !== places.inodeOf(behind.container.namespace ?? '');
  }

  /** What arrived needs no explanation: only who took it. */
  #factsOfDelivery(inode: number): Facts {
    const { behind, local, namespaces, sourceName } = this.#route;
    const { protocol } = this.#probe;
    const there = behind?.container.namespace ?? (local ? '' : undefined);
    const sockets = there === undefined || protocol === 'icmp' ? [] : receivingSockets(namespaces.get(there), protocol);
    return { source: { place: sourceName, inode, links: [], sysctls: {}, legacyTables: [] }, sockets };
  }

  /** Where the bridge of the destination looks for it. */
  #askForwarding(host: NamespaceFacts, end: NamespaceFacts | undefined): Facts['forwarding'] {
    const { behind, directory, namespaces } = this.#route;
    for (const attachment of behind?.container.attachments ?? []) {
      const network = directory.networks.find(({ name, driver }) => name === attachment.network && driver === 'bridge');
      const bridge = linkNamed(host, network && (attachment.segment?.bridge ?? network.interface));
      const mac = linkNamed(end, attachment.interface)?.mac;
      if (bridge === undefined || mac === undefined) continue;
      return { mac, bridge: bridge.name, port: askForwarding(namespaces.get(''), bridge, mac, host.links) };
    }
    return undefined;
  }

  #legacyDropsAt(drop: Sighting | undefined): Facts['legacyDrops'] {
    const { places, namespaces } = this.#route;
    const name = places.namespaceOf(drop?.namespace ?? 0);
    if (drop?.reason !== 'NETFILTER_DROP' || name === undefined) return undefined;
    return this.#legacy.dropsIn(namespaces.get(name));
  }

  #factsAt(sighting: Sighting | undefined): NamespaceFacts | undefined {
    const { places, namespaces } = this.#route;
    const inode = sighting?.namespace ?? 0;
    const name = places.namespaceOf(inode);
    if (sighting === undefined || name === undefined) return undefined;
    const { event, device, mark, carrier } = sighting;
    const header = carrier?.header ?? sighting.header;
    const cameIn = event === 'received' || event === 'dropped' ? device?.name : undefined;
    return askNamespace(namespaces.get(name), {
      place: places.nameOf(inode),
      inode,
      packet: header,
      ...(cameIn !== undefined && { incoming: cameIn }),
      ...(mark !== undefined && { mark }),
    });
  }
}

/** The interface by which a container is reached in a family. */
function interfaceOf(container: ContainerPlace | undefined, family: Probe['family']): { readonly device?: string } {
  const device = container?.attachments.find((attachment) => addressOn(attachment, family) !== undefined)?.interface;
  return device === undefined ? {} : { device };
}

/** The bridge of the network on which the container of a route is reached, or else its source. */
function bridgeOf(
  { behind, sourceContainer, directory }: Route,
  family: Probe['family'],
): { readonly device?: string } {
  const attachments = (behind?.container ?? sourceContainer)?.attachments ?? [];
  const attachment = attachments.find((each) => addressOn(each, family) !== undefined);
  const network = directory.networks.find(({ name, driver }) => name === attachment?.network && driver === 'bridge');
  return network?.interface === undefined ? {} : { device: network.interface };
}

/** The container's own address, to which a published port leads. */
function behindOf(behind: Route['behind'], family: Probe['family']): IpAddress | undefined {
  return behind?.container.attachments.flatMap((attachment) => addressOn(attachment, family) ?? []).at(0);
}

function connectionOf(sent: SentProbe): Pick<Observation, 'connection'> {
  const connection = sent.connection?.();
  return connection === undefined ? {} : { connection };
}

function summaryOfProbe(probe: Probe, route: Route, sourcePort: number): ProbeSummary {
  const { protocol, family, source, destination, port, tag, size } = probe;
  const mode = modeOf(probe);
  return {
    mode,
    family,
    protocol,
    source: { name: route.sourceName, address: source, ...(protocol !== 'icmp' && { port: sourcePort }) },
    destination: { name: route.targetName, address: destination, ...(protocol !== 'icmp' && { port }) },
    tag: tag.toString(16).padStart(8, '0'),
    ...(size !== undefined && { size }),
  };
}

function modeOf({ arrival, connect, protocol }: Probe): ProbeSummary['mode'] {
  if (arrival !== undefined) return 'arrival';
  if (connect) return 'connection';
  return ({ tcp: 'half-open', udp: 'datagram', icmp: 'echo' } as const)[protocol];
}
