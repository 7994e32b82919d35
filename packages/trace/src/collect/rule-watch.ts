import { messageOf } from '@fairlead/base';
import type { OpenNamespace } from '@fairlead/kernel';
import { listenToNetlink, type NetlinkListener } from '@fairlead/kernel/tracing';
import { type ChainSummary, dumpChainsMessage, netfilterGroup, nftType, summarizeChain } from '@fairlead/netlink';
import { decodeTraceEvent, type TraceEvent } from '@fairlead/netlink/tracing';
import { marksOf } from '../model/packet-marks.ts';
import { traceTablePrefix } from '../model/rule-passes.ts';
import { allTracedFamilies, type TracedFamily, tracedFamilies } from '../model/traced-families.ts';
import { TraceSwitch } from './trace-tables.ts';

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
  /**
   * Let them alone until {@link wake}: as long as rules are watched anywhere, everybody's packets take longer.
   *
   * @returns false where nobody has any: then there is nothing to miss.
   */
  rest(): boolean;
  /** Watch them again. */
  wake(): void;
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

/** What is done when one of the packets meets a rule, and where that is to be heard of. */
export interface RuleWatchOptions {
  readonly hear?: () => void;
  /** At every hook, also where nobody has rules: our own tell where a packet is when nothing else does. */
  readonly everywhere?: boolean;
}

/**
 * Switch nftables' tracing on for packets whose tag begins as this one does. For that each namespace with rules gets tables
 * that are ours alone, touch nothing else, and go with the socket.
 */
export function watchRules(tag: number, { hear = () => {}, everywhere = false }: RuleWatchOptions = {}): RuleWatch {
  const parts = new DisposableStack();
  const events: SeenRule[] = [];
  const missing: string[] = [];
  const watched = new Map<string, NetlinkListener | undefined>();
  const switches: TraceSwitch[] = [];
  /** Interfaces get a table of their own for each time that some are added. */
  let series = 0;
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
      const families = everywhere ? allTracedFamilies : tracedFamilies(chainsOf(namespace));
      const wanted = missingIn({ families, isNew, devices: fresh });
      if (wanted.length === 0) return;
      const name = `${traceTablePrefix}${tag.toString(16)}-${++series}`;
      const tables = { name, marks: marksOf(tag, tunnels), devices: fresh, families: wanted };
      switches.push(parts.use(new TraceSwitch(namespace, tables)));
    } catch (error) {
      missing.push(`nftables trace in ${namespace.name || 'the host'}: ${messageOf(error)}`);
    }
  };
  const wake = (): void => {
    for (const each of switches) {
      try {
        each.on();
      } catch (error) {
        missing.push(`nftables trace, once more: ${messageOf(error)}`);
      }
    }
  };
  return {
    events,
    missing,
    add: (namespaces) => namespaces.forEach(add),
    rest() {
      for (const each of switches) each.off();
      return switches.length > 0;
    },
    wake,
    drain: () => watched.forEach((listener) => listener?.drain()),
    [Symbol.dispose]: () => parts.dispose(),
  };
}

interface Addition {
  readonly families: ReadonlySet<TracedFamily>;
  /** True when the namespace has no table of ours yet. */
  readonly isNew: boolean;
  /** Interfaces that none of our tables looks at yet. */
  readonly devices: readonly string[];
}

/** The families in which a table is to be made. */
function missingIn({ families, isNew, devices }: Addition): TracedFamily[] {
  const isMissing = { inet: isNew, bridge: isNew, netdev: devices.length > 0 };
  return [...families].filter((family) => isMissing[family]);
}

function chainsOf({ netfilter }: OpenNamespace): ChainSummary[] {
  return netfilter.execute('list chains', dumpChainsMessage()).map(summarizeChain);
}
