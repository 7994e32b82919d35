import { ipToBytes } from '@fairlead/base';
import { errnoOf, OpenNamespace } from '@fairlead/kernel';
import { listenToNetlink, type NetlinkListener } from '@fairlead/kernel/tracing';
import { encodeNftBatch, type NamespaceName, NetlinkConnection, netfilterGroup, nftType } from '@fairlead/netlink';
import {
  decodeTraceEvent,
  encodeFirstPackets,
  encodeTraceMarks,
  encodeTraceTable,
  type PacketMark,
} from '@fairlead/netlink/tracing';
import { Backlog } from '../backlog.ts';
import type { RuleStep } from '../model/report.ts';
import { ruleOwner } from '../model/rule-owner.ts';
import { headerIn, type PlacedTraceEvent, stepOf, traceTablePrefix } from '../model/rule-passes.ts';
import type { PacketHeader } from '../packet/packet-header.ts';
import { Namespaces } from './namespaces.ts';
import { readRuleset } from './ruleset.ts';

/** Milliseconds for which the next packet of a flow is waited for, and for which what it met is believed. */
const PATIENCE = 5000;
/** Milliseconds after which the first packet of a flow is traced again: what it met is believed no longer by then. */
const FORGOTTEN = 4000;
/** Packets, of all flows of a namespace: some thirty messages each. */
const FIRST_PER_SECOND = 100;
/** Flows that are looked at in one namespace at a time: each costs every packet there two comparisons. */
const FLOWS = 8;

/** Messages about rules that wait for a turn: of packets that are left out the next one of their flow tells. */
const EVENTS = 10_000;

/** So far: several may look at drops at a time, and a table goes some milliseconds after its socket. */
let tables = 0;

/** A flow of which packets are dropped, by its ends and the port that is asked for. */
interface DroppedFlow {
  readonly header: PacketHeader;
  /** Milliseconds, as `performance.now()` counts. */
  readonly until: number;
  readonly rule?: RuleStep;
}

/** A namespace in which rules have dropped packets. */
interface Place extends Disposable {
  readonly namespace: OpenNamespace;
  readonly listener: NetlinkListener;
  readonly change: (marks: readonly PacketMark[]) => void;
  readonly flows: Map<string, DroppedFlow>;
  readonly events: Backlog<PlacedTraceEvent>;
  marks: string;
}

/**
 * Which rules drop packets that nobody has sent to find out. A packet that was dropped tells of no rule, and it is too late
 * to ask: so the first packet of each flow is traced by nftables, whatever becomes of it. That is a hundred packets a second
 * at most, and of TCP only what opens a connection; where another one is dropped, the next one of its flow, the same ends and
 * the same port, is traced. Each namespace gets one table for that, which goes with its socket.
 */
export class DropRules implements Disposable {
  readonly #places = new Map<number, Place | undefined>();
  readonly #looked = new Set<number>();

  /** Look at the first packets of flows in a namespace from now on: in the host's, or when it has rules of its own by now. */
  look(inode: number, name: NamespaceName): void {
    if (this.#looked.has(inode)) return;
    this.#looked.add(inode);
    if (name === '' || this.#hasRules(name)) this.#place(inode, name);
  }

  /** That questions go to the name server is no rule by which anything could be dropped. */
  #hasRules(name: NamespaceName): boolean {
    using namespaces = new Namespaces();
    const namespace = namespaces.find(name);
    const chains = namespace === undefined ? [] : readRuleset(namespace, []).chains;
    return chains.some((chain) => chain.hook !== undefined && ruleOwner(chain, []) !== 'fairlead');
  }

  /** Let go of namespaces that are no longer among these, lest they live on for our sake. @param present their numbers. */
  keepOnly(present: ReadonlySet<number>): void {
    for (const inode of [...this.#looked, ...this.#places.keys()]) {
      if (present.has(inode)) continue;
      this.#places.get(inode)?.[Symbol.dispose]();
      this.#places.delete(inode);
      this.#looked.delete(inode);
    }
  }

  /** A rule has dropped a packet: look at the next one. */
  expect(inode: number, name: NamespaceName, header: PacketHeader): void {
    const place = this.#place(inode, name);
    const key = flowOf(header);
    if (place === undefined || place.flows.has(key)) return;
    if ([...place.flows.values()].filter(({ rule }) => rule === undefined).length >= FLOWS) return;
    place.flows.set(key, { header, until: performance.now() + PATIENCE });
  }

  /** The rule that has dropped packets of a flow just now; `undefined` while that is not known. */
  ruleOf(inode: number, header: PacketHeader): RuleStep | undefined {
    return this.#places.get(inode)?.flows.get(flowOf(header))?.rule;
  }

  /** Take what rules have said, forget what is over, and look at what is new. */
  turn(): void {
    for (const place of this.#places.values()) if (place !== undefined) this.#turn(place);
  }

  #turn(place: Place): void {
    place.listener.drain();
    const steps = dropsIn(place.events.take().kept, (events) => readRuleset(place.namespace, events));
    const now = performance.now();
    for (const [key, { until }] of place.flows) if (until < now) place.flows.delete(key);
    for (const [key, dropped] of steps) place.flows.set(key, { ...dropped, until: now + PATIENCE });
    const waiting = [...place.flows].filter(([, { rule }]) => rule === undefined);
    const marks = waiting.map(([key]) => key).join('; ');
    if (marks === place.marks) return;
    place.marks = marks;
    place.change(waiting.map(([, { header }]) => markOf(header)));
  }

  /** Where tracing cannot be had, rules are not told. */
  #place(inode: number, name: NamespaceName): Place | undefined {
    if (this.#places.has(inode)) return this.#places.get(inode);
    let place: Place | undefined;
    try {
      place = this.#open(inode, name);
    } catch {
      place = undefined;
    }
    this.#places.set(inode, place);
    return place;
  }

  #open(inode: number, name: NamespaceName): Place {
    using parts = new DisposableStack();
    const namespace = parts.use(new OpenNamespace(name));
    const connection = new NetlinkConnection(parts.use(namespace.openSocket('netfilter')));
    const table = { name: `${traceTablePrefix}drops-${++tables}`, everywhere: true, marks: [] } as const;
    const families = (['inet', 'bridge'] as const).filter((family) => {
      try {
        connection.executeBatch(encodeNftBatch(encodeTraceTable({ ...table, family })));
        return true;
      } catch {
        // A kernel may be built without rules for bridges.
        return false;
      }
    });
    for (const family of families) lookAtFirst(connection, family, table.name);
    const listener = parts.use(
      namespace.enter(() =>
        listenToNetlink('netfilter', [netfilterGroup.nftTrace], (message) => {
          const event = message.type === nftType.trace ? decodeTraceEvent(message) : undefined;
          if (event !== undefined) place.events.add({ ...event, namespace: inode });
        }),
      ),
    );
    const change = (marks: readonly PacketMark[]): void => {
      for (const family of families)
        connection.executeBatch(encodeNftBatch(encodeTraceMarks({ ...table, family, marks })));
    };
    const owned = parts.move();
    const dispose = () => owned.dispose();
    const own = { namespace, listener, change, [Symbol.dispose]: dispose };
    const place: Place = { ...own, flows: new Map(), events: new Backlog(EVENTS), marks: '' };
    return place;
  }

  [Symbol.dispose](): void {
    this.keepOnly(new Set());
  }
}

/** A kernel may lack what is needed for it: then it is the second packet that tells. */
function lookAtFirst(connection: NetlinkConnection, family: 'inet' | 'bridge', table: string): void {
  try {
    const limits = { forgetAfter: FORGOTTEN, perSecond: FIRST_PER_SECOND };
    connection.executeBatch(encodeNftBatch(encodeFirstPackets({ family, table, ...limits })));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

function flowOf({ source, destination, protocol, destinationPort, type }: PacketHeader): string {
  return [source, destination, protocol, destinationPort ?? type ?? ''].join(' ');
}

/** The ends of a flow, which for IPv6 fit no register together, and the port, or ICMP's type. */
function markOf({ family, source, destination, destinationPort, type }: PacketHeader): PacketMark {
  const port = destinationPort === undefined ? [] : [destinationPort >>> 8, destinationPort & 255];
  const last =
    destinationPort === undefined
      ? { offset: 0, bytes: Uint8Array.of(type ?? 0) }
      : { offset: 2, bytes: Uint8Array.from(port) };
  const [first, second] = family === 4 ? [12, 16] : [8, 24];
  return {
    header: 'network',
    offset: first,
    bytes: ipToBytes(source),
    and: [{ header: 'network', offset: second, bytes: ipToBytes(destination) }, last],
  };
}

/** The rule or policy that has dropped a packet, by flows. Most of what is traced is not dropped: no rule is read for that. */
function dropsIn(
  events: readonly PlacedTraceEvent[],
  read: (events: readonly PlacedTraceEvent[]) => Parameters<typeof stepOf>[1],
): Map<string, { readonly header: PacketHeader; readonly rule: RuleStep }> {
  const drops = new Map<string, { readonly header: PacketHeader; readonly rule: RuleStep }>();
  const packets = [...Map.groupBy(events, ({ id }) => id).values()].filter((packet) => packet.some(isDrop));
  if (packets.length === 0) return drops;
  const known = read(packets.flat());
  for (const packet of packets) {
    const header = packet.map(headerIn).findLast((each) => each !== undefined);
    const steps = packet.flatMap((event) => stepOf(event, known) ?? []);
    const rule = steps.findLast(({ verdict, rejects }) => verdict === 'drop' || rejects === true);
    if (header !== undefined && rule !== undefined) drops.set(flowOf(header), { header, rule });
  }
  return drops;
}

/** A rule that rejects gives the same verdict: it has answered by then. */
function isDrop({ verdict, policy }: PlacedTraceEvent): boolean {
  return verdict?.name === 'drop' || policy === 'drop';
}
