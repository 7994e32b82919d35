import { type IpAddress, isLoopback } from '@fairlead/base';
import type { Flow, FlowEvent, FlowTuple } from '@fairlead/netlink';
import type { PacketHeader } from '../packet/packet-header.ts';
import type { FlowNames } from './flow-names.ts';
import type { FlowEnd, FlowReport } from './flow-report.ts';
import { inverse, keyOf } from './flow-tuple.ts';
import { isFinal, verdictOf } from './flow-verdict.ts';
import { isForgotten, isOver, isOverdue, type OpenFlow, primaryView, reportOf } from './open-flow.ts';

/** Flows that are followed at the same time; beyond that the oldest are let go. */
const CAPACITY = 65_536;
/** Milliseconds for which a packet that was dropped is taken for the same when it is sent again. */
const REPETITION = 60_000;

/** A packet that was dropped, as far as flows are concerned. */
export interface FlowDrop {
  readonly header: PacketHeader;
  readonly place: string;
  readonly reason: string;
}

/** What a book has to say. */
export interface FlowNews {
  /** Flows whose verdict is another than was last told; those that only ask so far are not told. */
  readonly news: readonly FlowReport[];
  /** Flows that nothing more is to come of, each once. */
  readonly ended: readonly FlowReport[];
}

/** What the book needs to know of the world. */
export interface FlowBookOptions {
  readonly names: (address: IpAddress) => FlowNames;
  /** Number of the host's namespace: it sees translations, so it is believed first. */
  readonly host: number;
  readonly capacity?: number;
}

/**
 * Makes flows of what several namespaces tell about connections, and says when there is news of one. Ends get their
 * names when a flow is first seen and keep them: whoever has the address later is somebody else.
 */
export class FlowBook {
  readonly #options: FlowBookOptions;
  readonly #open = new Map<string, OpenFlow>();
  readonly #flows = new Set<OpenFlow>();
  readonly #changed = new Set<OpenFlow>();
  #lastId = 0;

  constructor(options: FlowBookOptions) {
    this.#options = options;
  }

  /** Take what a namespace says about a connection. @param now milliseconds since the epoch. */
  note(namespace: number, { type, flow }: FlowEvent, now: number): void {
    if (isLoopback(flow.original.source) || isLoopback(flow.original.destination)) return;
    const keys = [keyOf(flow.original), keyOf(inverse(flow.reply))];
    let open = keys.map((key) => this.#open.get(key)).find((candidate) => candidate !== undefined);
    const known = open?.views.get(namespace);
    // The same addresses and ports once more: what was there before is over.
    const isAnother = open?.end !== undefined || (known !== undefined && known.flow.id !== flow.id);
    if (open !== undefined && isAnother && type === 'new') {
      this.#finish(open);
      open = undefined;
    }
    // The end of something that nobody saw: only worth a line when it says how it went.
    if (open === undefined && type === 'destroy' && flow.counters === undefined) return;
    open ??= this.#begin(flow, now, type === 'new' && flow.tcpState === 'established');
    this.#index(open, keys);
    const counters = flow.counters ?? known?.flow.counters;
    const tcpState = flow.tcpState ?? known?.flow.tcpState;
    if (open.end === undefined) open.last = now;
    open.views.set(namespace, {
      flow: { ...flow, ...(counters && { counters }), ...(tcpState && { tcpState }) },
      hasEnded: type === 'destroy',
    });
    if (namespace === this.#options.host) open.to = this.#endOf(flow.reply.source, flow.reply.sourcePort);
    this.#changed.add(open);
  }

  /** Take a packet that was dropped; only one that nobody has answered before tells something about its flow. */
  noteDrop({ header, place, reason }: FlowDrop, now: number): void {
    const { source, destination, protocol, sourcePort, destinationPort, flags } = header;
    if (isLoopback(source) || isLoopback(destination) || (flags !== undefined && !flags.includes('SYN'))) return;
    if (flags?.includes('ACK') === true || isIcmpAnswer(header)) return;
    const tuple: FlowTuple = {
      source,
      destination,
      protocol,
      ...(sourcePort !== undefined && { sourcePort }),
      ...(destinationPort !== undefined && { destinationPort }),
    };
    const key = keyOf(tuple);
    const open = this.#open.get(key) ?? this.#begin({ original: tuple, reply: inverse(tuple) }, now);
    this.#index(open, [key]);
    // The other end's kernel says so when nobody listens, also where it cannot answer with a reset.
    const verdict = reason === 'NO_SOCKET' ? 'refused' : 'dropped';
    open.drop = { verdict, reason: `${reason} in ${place}` };
    this.#changed.add(open);
  }

  /** A namespace is gone, or is not watched any more: what it said last stays. */
  forgetNamespace(namespace: number): void {
    for (const open of this.#flows) {
      const view = open.views.get(namespace);
      if (view === undefined || view.hasEnded) continue;
      view.hasEnded = true;
      this.#changed.add(open);
    }
  }

  /** Flows that closed since the last {@link settle}, whose counts may still be asked for. */
  *closing(): Generator<{ readonly namespace: number; readonly flow: Flow; readonly count: (flow: Flow) => void }> {
    for (const open of this.#changed) {
      const [namespace, view] = primaryView(open, this.#options.host) ?? [];
      if (namespace === undefined || view === undefined || view.hasEnded || view.flow.counters !== undefined) continue;
      if (!isFinal(verdictOf(view.flow, false))) continue;
      const { flow } = view;
      yield {
        namespace,
        flow,
        count: ({ id, counters }) => {
          if (id === flow.id && counters !== undefined) view.flow = { ...flow, counters };
        },
      };
    }
  }

  /** What there is to say since the last time: verdicts that are new, and flows that have ended. */
  settle(now: number): FlowNews {
    for (const open of this.#flows) if (isOverdue(open, now)) this.#changed.add(open);
    const news: FlowReport[] = [];
    const ended: FlowReport[] = [];
    for (const open of this.#changed) {
      const isEnd = open.end === undefined && isOver(open, this.#options.host);
      if (isEnd) open.end = open.last;
      const report = reportOf(open, this.#options.host, now);
      if (isEnd) ended.push(report);
      if (report.verdict !== 'asking' && report.verdict !== open.told && (isEnd || open.end === undefined)) {
        open.told = report.verdict;
        news.push(report);
      }
    }
    this.#changed.clear();
    this.#letGo(now);
    return { news, ended };
  }

  /** All flows that have not ended, as they are now, oldest first. */
  reports(now: number): FlowReport[] {
    return [...this.#flows]
      .filter(({ end }) => end === undefined)
      .map((open) => reportOf(open, this.#options.host, now));
  }

  #begin(flow: Pick<Flow, 'original' | 'reply'>, now: number, isMidway = false): OpenFlow {
    const { source, sourcePort } = flow.original;
    const answering = flow.reply.source;
    const names = this.#options.names(source);
    this.#lastId += 1;
    const networks = [names.networkOf(source), this.#options.names(answering).networkOf(answering)];
    const open: OpenFlow = {
      id: this.#lastId,
      time: now,
      last: now,
      from: names.endOf(source, sourcePort),
      to: this.#endOf(answering, flow.reply.sourcePort),
      networks: [...new Set(networks.filter((name) => name !== undefined))],
      views: new Map(),
      keys: new Set(),
      ...(isMidway && { midway: true }),
    };
    this.#flows.add(open);
    return open;
  }

  #endOf(address: IpAddress, port: number | undefined): FlowEnd {
    return this.#options.names(address).endOf(address, port);
  }

  #index(open: OpenFlow, keys: readonly string[]): void {
    for (const key of keys) {
      open.keys.add(key);
      this.#open.set(key, open);
    }
  }

  #finish(open: OpenFlow): void {
    for (const view of open.views.values()) view.hasEnded = true;
    this.#unindex(open);
    this.#changed.add(open);
  }

  #unindex(open: OpenFlow): void {
    for (const key of open.keys) if (this.#open.get(key) === open) this.#open.delete(key);
  }

  /** What has ended is kept for as long as any namespace may still speak of it. */
  #letGo(now: number): void {
    const surplus = this.#flows.size - (this.#options.capacity ?? CAPACITY);
    let index = 0;
    for (const open of this.#flows) {
      const isStale = open.views.size > 0 || now - open.time >= REPETITION;
      const isDone = open.end !== undefined && isForgotten(open) && isStale;
      if (isDone || index < surplus) {
        this.#flows.delete(open);
        this.#unindex(open);
      }
      index += 1;
    }
  }
}

/** Answers and errors are about another packet. */
function isIcmpAnswer({ protocol, type }: PacketHeader): boolean {
  if (protocol === 1) return type !== 8;
  return protocol === 58 && type !== 128;
}
