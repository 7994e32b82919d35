import type { Flow } from '@fairlead/netlink';
import type { FlowEnd, FlowReport, FlowVerdict } from './flow-report.ts';
import { protocolInKey, protocolName, translationOf } from './flow-tuple.ts';
import { isFinal, verdictOf } from './flow-verdict.ts';

/** Milliseconds without an answer after which that is told. */
const PATIENCE = 3000;

/** How a namespace sees a flow. */
export interface FlowView {
  flow: Flow;
  hasEnded: boolean;
}

/** A flow, put together from what every namespace on its way says of it. */
export interface OpenFlow {
  readonly id: number;
  /** Milliseconds since the epoch, as all times of it. */
  readonly time: number;
  readonly from: FlowEnd;
  readonly networks: readonly string[];
  readonly midway?: true;
  to: FlowEnd;
  /** By the number of the namespace. */
  readonly views: Map<number, FlowView>;
  readonly keys: Set<string>;
  drop?: { readonly verdict: FlowVerdict; readonly reason: string };
  told?: FlowVerdict;
  /** When something was last said of it. */
  last: number;
  end?: number;
}

/** The namespace that is believed, with what it says: the host's, which sees translations, before any other. */
export function primaryView({ views }: OpenFlow, host: number): [namespace: number, view: FlowView] | undefined {
  const view = views.get(host);
  return view === undefined ? views.entries().next().value : [host, view];
}

/** Nothing more is to come, although the kernel may remember it for a while. */
export function isOver(open: OpenFlow, host: number): boolean {
  const [namespace, view] = primaryView(open, host) ?? [];
  if (view === undefined || isFinal(verdictOf(view.flow, view.hasEnded))) return true;
  return view.hasEnded && (namespace === host || isForgotten(open));
}

/** No namespace has it any more. */
export function isForgotten({ views }: OpenFlow): boolean {
  return [...views.values()].every(({ hasEnded }) => hasEnded);
}

/** Nothing was told of it, and it is time to. */
export function isOverdue({ told, time }: OpenFlow, now: number): boolean {
  return told === undefined && now - time >= PATIENCE;
}

/** A flow as it is now. */
export function reportOf(open: OpenFlow, host: number, now: number): FlowReport {
  const { id, time, from, to, networks, midway, drop, end } = open;
  const flow = primaryView(open, host)?.[1].flow;
  const verdict = verdictNow(open, host, now);
  const translation = flow === undefined ? {} : translationOf(flow);
  const counters = flow?.counters ?? [...open.views.values()].find((view) => view.flow.counters)?.flow.counters;
  return {
    id,
    time,
    protocol: protocolName(flow?.original.protocol ?? protocolIn(open)),
    from,
    to,
    networks,
    ...translation,
    ...(midway && { midway }),
    verdict,
    ...(drop !== undefined && verdict === drop.verdict && { reason: drop.reason }),
    ...(end !== undefined && { duration: end - time }),
    ...(counters && { sent: counters.original, received: counters.reply }),
  };
}

function verdictNow(open: OpenFlow, host: number, now: number): FlowVerdict {
  const primary = primaryView(open, host)?.[1];
  const verdict = primary === undefined ? 'asking' : verdictOf(primary.flow, primary.hasEnded);
  if (verdict !== 'asking' && verdict !== 'unanswered') return verdict;
  return open.drop?.verdict ?? (now - open.time >= PATIENCE ? 'unanswered' : verdict);
}

/** Of a flow that nobody tracks. */
function protocolIn({ keys }: OpenFlow): number {
  const [key = ''] = keys;
  return protocolInKey(key);
}
