import { messageOf } from '@fairlead/base';
import { errnoOf, type OpenNamespace } from '@fairlead/kernel';
import { listenToNetlink, type NetlinkListener } from '@fairlead/kernel/tracing';
import { type BatchRequest, encodeNftBatch, NetlinkConnection, netfilterGroup, nftType } from '@fairlead/netlink';
import {
  decodeTraceEvent,
  encodeDeleteTraceTable,
  encodeTraceTable,
  type PacketMark,
  type TraceEvent,
  type TraceTable,
} from '@fairlead/netlink/tracing';
import { traceTablePrefix } from '../model/rule-passes.ts';

/** A rule that a packet met, with the namespace in which it did. */
export interface SeenRule extends TraceEvent {
  /** Number of the network namespace. */
  readonly namespace: number;
}

/** Sees which rules packets of a series of traces meet, in the namespaces that it is told, until disposed of. */
export interface RuleWatch extends Disposable {
  readonly events: readonly SeenRule[];
  /** What could not be had, in words. */
  readonly missing: readonly string[];
  /** Watch these namespaces as well; those that are watched already stay so. */
  add(namespaces: readonly WatchedNamespace[]): void;
  /** Take what has been seen by now. */
  drain(): void;
}

/** A namespace and its number. */
export interface WatchedNamespace {
  readonly namespace: OpenNamespace;
  readonly inode: number;
  /** Interfaces at whose ingress there may be rules, too. */
  readonly devices: readonly string[];
  /** Kinds of the tunnels there: packets that they make are traced as well. */
  readonly tunnels: readonly string[];
}

/**
 * Switch nftables' tracing on for packets whose tag begins as this one does. For that each namespace gets a table that is
 * ours alone, touches nothing else, and goes with the socket.
 *
 * @param hear is called for each rule that one of them meets.
 */
export function watchRules(tag: number, hear: () => void = () => {}): RuleWatch {
  const parts = new DisposableStack();
  const events: SeenRule[] = [];
  const missing: string[] = [];
  const watched = new Map<string, NetlinkListener | undefined>();
  /** Interfaces get a table of their own for each time that some are added. */
  let tables = 0;
  const listen = (namespace: OpenNamespace, inode: number): NetlinkListener =>
    namespace.enter(() =>
      listenToNetlink('netfilter', [netfilterGroup.nftTrace], (message) => {
        const event = message.type === nftType.trace ? decodeTraceEvent(message) : undefined;
        if (event === undefined) return;
        events.push({ ...event, namespace: inode });
        hear();
      }),
    );
  const add = ({ namespace, inode, devices, tunnels }: WatchedNamespace): void => {
    const fresh = devices.filter((device) => !watched.has(`${inode} ${device}`));
    const isNew = !watched.has(`${inode}`);
    if (!isNew && fresh.length === 0) return;
    for (const device of fresh) watched.set(`${inode} ${device}`, undefined);
    try {
      if (isNew) watched.set(`${inode}`, parts.use(listen(namespace, inode)));
      const name = `${traceTablePrefix}${tag.toString(16)}-${++tables}`;
      parts.use(switchOn(namespace, { name, marks: marksOf(tag, tunnels), devices: fresh, isNew }));
    } catch (error) {
      missing.push(`nftables trace in ${namespace.name || 'the host'}: ${messageOf(error)}`);
    }
  };
  return {
    events,
    missing,
    add: (namespaces) => namespaces.forEach(add),
    drain: () => watched.forEach((listener) => listener?.drain()),
    [Symbol.dispose]: () => parts.dispose(),
  };
}

interface Switch {
  readonly name: string;
  readonly marks: readonly PacketMark[];
  readonly devices: readonly string[];
  /** True when the namespace has no table of ours yet. */
  readonly isNew: boolean;
}

function switchOn(namespace: OpenNamespace, { devices, isNew, ...table }: Switch): Disposable {
  const socket = namespace.openSocket('netfilter');
  const connection = new NetlinkConnection(socket);
  const made: BatchRequest[] = [];
  const make = (family: TraceTable['family']): void => {
    connection.executeBatch(encodeNftBatch(encodeTraceTable({ family, devices, ...table })));
    made.push(encodeDeleteTraceTable({ family, name: table.name }));
  };
  try {
    if (isNew) {
      make('inet');
      // A kernel may be built without either of these.
      if (namespace.name === '') attempt(() => make('bridge'));
    }
    if (devices.length > 0) attempt(() => make('netdev'));
    return { [Symbol.dispose]: () => takeAway(connection, socket, made) };
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
}

/** Milliseconds in which the kernel has forgotten what was deleted: it takes some tens. */
const FORGOTTEN = 250;

/**
 * Tables that go with their socket keep everybody else from changing rules until the kernel has forgotten them (RCU); deleted
 * ones do not, unless the socket is closed in the meantime (net/netfilter/nf_tables_api.c, nft_rcv_nl_event).
 */
function takeAway(connection: NetlinkConnection, socket: Disposable, tables: readonly BatchRequest[]): void {
  attempt(() => connection.executeBatch(encodeNftBatch(tables)));
  setTimeout(() => socket[Symbol.dispose](), FORGOTTEN).unref();
}

function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/**
 * Where the packet begins in one that carries it, from the transport header: behind that of UDP, VXLAN's or Geneve's and
 * Ethernet's; behind GRE's with and without a key, and Ethernet's.
 */
const beginnings: Readonly<Record<string, readonly number[]>> = {
  vxlan: [30],
  geneve: [30],
  gre: [4, 8],
  ip6gre: [4, 8],
  gretap: [18, 22],
  ip6gretap: [18, 22],
  ipip: [0],
  sit: [0],
  ip6tnl: [0],
};
/** Where the tag is in the packet itself: of IPv4 and of IPv6, as TCP's sequence number and one word behind that. */
const inside = [24, 28, 44, 48] as const;

/** The places of `tagPlaces`, counted from the transport header: with ICMP's errors about either IP version. */
function marksOf(tag: number, tunnels: readonly string[]): PacketMark[] {
  const bytes = Uint8Array.of(tag >>> 24, tag >>> 16, tag >>> 8);
  const carried = tunnels.flatMap((kind) => beginnings[kind] ?? []).flatMap((at) => inside.map((place) => at + place));
  return [...new Set([4, 8, 32, 36, 52, 56, ...carried])].map((offset) => ({ offset, bytes }));
}
