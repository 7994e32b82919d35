import { messageOf } from '@fairlead/base';
import { errnoOf, listenToNetlink, type NetlinkListener, type OpenNamespace } from '@fairlead/kernel';
import {
  decodeTraceEvent,
  encodeNftBatch,
  encodeTraceTable,
  NetlinkConnection,
  netfilterGroup,
  nftType,
  type PacketMark,
  type TraceEvent,
  type TraceTable,
} from '@fairlead/netlink';
import { traceTablePrefix } from '../model/rule-passes.ts';

/** A rule that a packet met, with the namespace in which it did. */
export interface SeenRule extends TraceEvent {
  /** Number of the network namespace. */
  readonly namespace: number;
}

/** Sees which rules packets with the tag meet in some namespaces, until disposed of. */
export interface RuleWatch extends Disposable {
  readonly events: readonly SeenRule[];
  /** What could not be had, in words. */
  readonly missing: readonly string[];
  /** True when at least one namespace is watched. */
  readonly active: boolean;
  /** Take what has been seen by now. */
  drain(): void;
}

/** A namespace and its number. */
export interface WatchedNamespace {
  readonly namespace: OpenNamespace;
  readonly inode: number;
  /** Interfaces at whose ingress there may be rules, too. */
  readonly devices: readonly string[];
}

/**
 * Switch nftables' tracing on for packets with the tag. For that each namespace gets a table that is ours alone, touches
 * nothing else, and goes with the socket.
 */
export function watchRules(tag: number, namespaces: readonly WatchedNamespace[]): RuleWatch {
  using parts = new DisposableStack();
  const events: SeenRule[] = [];
  const missing: string[] = [];
  const listeners: NetlinkListener[] = [];
  for (const { namespace, inode, devices } of namespaces) {
    try {
      const listener = namespace.enter(() =>
        listenToNetlink('netfilter', [netfilterGroup.nftTrace], (message) => {
          if (message.type !== nftType.trace) return;
          const event = decodeTraceEvent(message);
          if (event !== undefined) events.push({ ...event, namespace: inode });
        }),
      );
      listeners.push(parts.use(listener));
      parts.use(switchOn(namespace, tag, devices));
    } catch (error) {
      missing.push(`nftables trace in ${namespace.name || 'the host'}: ${messageOf(error)}`);
    }
  }
  const owned = parts.move();
  return {
    events,
    missing,
    active: missing.length < namespaces.length,
    drain: () => listeners.forEach((listener) => listener.drain()),
    [Symbol.dispose]: () => owned.dispose(),
  };
}

function switchOn(namespace: OpenNamespace, tag: number, devices: readonly string[]): Disposable {
  const socket = namespace.openSocket('netfilter');
  try {
    const table = { name: `${traceTablePrefix}${tag.toString(16)}`, marks: marksOf(tag) };
    const connection = new NetlinkConnection(socket);
    connection.executeBatch(encodeNftBatch(encodeTraceTable({ family: 'inet', ...table })));
    // A kernel may be built without either of these.
    if (namespace.name === '') attempt(connection, { family: 'bridge', ...table });
    if (devices.length > 0) attempt(connection, { family: 'netdev', devices, ...table });
    return socket;
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
}

function attempt(connection: NetlinkConnection, table: TraceTable): void {
  try {
    connection.executeBatch(encodeNftBatch(encodeTraceTable(table)));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** The places of `tagPlaces`, counted from the transport header: with ICMP's errors about either IP version. */
function marksOf(tag: number): PacketMark[] {
  const next = (tag + 1) >>> 0;
  return [
    { offset: 4, value: tag },
    { offset: 8, value: next },
    { offset: 32, value: tag },
    { offset: 36, value: next },
    { offset: 52, value: tag },
    { offset: 56, value: next },
  ];
}
