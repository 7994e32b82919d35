import type { ChainSummary } from '@fairlead/netlink';
import type { RuleSummary, TraceEvent } from '@fairlead/netlink/tracing';
import { type PacketHeader, type PacketRole, readPacketHeader, roleOf } from '../packet/packet-header.ts';
import type { RulePass, Sighting } from './hops.ts';
import type { RuleStep } from './report.ts';
import { ruleOwner } from './rule-owner.ts';

/** Names of the tables that switch tracing on begin so; they say nothing about the packet. */
export const traceTablePrefix = 'packet-trace-';

/** What is known of the rules of a namespace. */
export interface KnownRules {
  readonly chains: readonly ChainSummary[];
  readonly rules: readonly RuleSummary[];
}

/** Nothing is. */
export const unknownRules: KnownRules = { chains: [], rules: [] };

/** An event of nftables' trace, with the namespace that it came from. */
export type PlacedTraceEvent = TraceEvent & { readonly namespace: number };

interface OpenPass {
  namespace: number;
  role: PacketRole | undefined;
  carried?: true;
  incoming?: number;
  outgoing?: number;
  readonly events: PlacedTraceEvent[];
  foreign?: true;
}

/** Tells what is known of the rules of a namespace; it is asked once for each, and told what was met there. */
export type AskRules = (namespace: number, met: readonly PlacedTraceEvent[]) => KnownRules;

/**
 * Group trace events by packet and pass. The number of a packet changes where a bridged one becomes a routed one: that
 * makes two passes, which meet again at the same place. One number may also be of two packets, one after the other.
 *
 * @param carriers sightings of packets that carry the probe: what nftables tells of those ends before it.
 */
export function rulePasses(
  events: readonly PlacedTraceEvent[],
  tag: number,
  known: AskRules,
  carriers: readonly Sighting[] = [],
): RulePass[] {
  const passes: OpenPass[] = [];
  const latest = new Map<string, OpenPass>();
  const carrying = carriers.filter(({ carrier }) => carrier !== undefined);
  for (const event of events) {
    const key = `${event.namespace} ${event.id}`;
    const carrier = carrying.find((sighting) => carries(sighting, event));
    const role = carrier?.role ?? roleIn(event, tag);
    let pass = latest.get(key);
    if (pass === undefined || isAnother(pass, role)) {
      pass = { namespace: event.namespace, role: undefined, events: [] };
      latest.set(key, pass);
      passes.push(pass);
    }
    addEvent(pass, event, { role, isCarried: carrier !== undefined });
  }
  // Most events of a series are of other traces' packets: what those met is not asked.
  const own = passes.filter(({ foreign }) => foreign !== true);
  const met = Map.groupBy(
    own.flatMap(({ events: its }) => its),
    ({ namespace }) => namespace,
  );
  const rules = new Map([...met].map(([namespace, its]) => [namespace, known(namespace, its)]));
  return own.map((pass) => withSteps(pass, rules.get(pass.namespace))).filter(({ steps }) => steps.length > 0);
}

function withSteps({ events, ...pass }: OpenPass, rules: KnownRules = unknownRules): RulePass {
  return { ...pass, steps: events.flatMap((event) => stepOf(event, rules) ?? []) };
}

/** A packet of another trace of the same series, or one that only answers an answer, as a RST does. */
type SeenRole = PacketRole | 'other';

/**
 * True when the number is another packet's by now: the kernel makes it from where the packet is in memory, its flow and the
 * interface that it came by (nf_tables_trace.c, nft_trace_init). The RST with which a sender that knows of no connection
 * meets the answer is of the same flow, and may be where the request has been.
 */
function isAnother({ role, foreign }: OpenPass, seen: SeenRole | undefined): boolean {
  const before = foreign === true ? 'other' : role;
  return before !== undefined && seen !== undefined && seen !== before;
}

function addEvent(
  pass: OpenPass,
  event: PlacedTraceEvent,
  { role, isCarried }: { readonly role: SeenRole | undefined; readonly isCarried: boolean },
): void {
  pass.events.push(event);
  const { incoming, outgoing } = event;
  if (isCarried) pass.carried = true;
  if (role === 'other') pass.foreign = true;
  else pass.role ??= role;
  if (pass.incoming === undefined && incoming !== undefined) pass.incoming = incoming;
  if (pass.outgoing === undefined && outgoing !== undefined) pass.outgoing = outgoing;
}

/** An address of it may have been translated since. */
function carries({ namespace, carrier }: Sighting, event: PlacedTraceEvent): boolean {
  if (carrier === undefined || namespace !== event.namespace) return false;
  const header = headerIn(event);
  if (header === undefined) return false;
  const { source, destination, sourcePort, protocol } = carrier.header;
  return (
    protocol === header.protocol &&
    sourcePort === header.sourcePort &&
    (source === header.source || destination === header.destination)
  );
}

/** The headers of events that have been read already: every trace of a series looks at the events of all, again and again. */
const readHeaders = new WeakMap<TraceEvent, PacketHeader | undefined>();

/** The first event in each base chain carries the headers. */
export function headerIn(event: TraceEvent): PacketHeader | undefined {
  if (!readHeaders.has(event)) readHeaders.set(event, readHeader(event));
  return readHeaders.get(event);
}

function readHeader({ headers }: TraceEvent): PacketHeader | undefined {
  if (headers?.network === undefined || headers.transport === undefined) return undefined;
  const bytes = new Uint8Array(headers.network.length + headers.transport.length);
  bytes.set(headers.network);
  bytes.set(headers.transport, headers.network.length);
  return readPacketHeader(bytes);
}

function roleIn(event: TraceEvent, tag: number): SeenRole | undefined {
  const header = headerIn(event);
  // An error's header ends before what it quotes.
  if (header?.type !== undefined && header.quoted === undefined && header.type !== 8 && header.type !== 128) {
    return header.type === 0 || header.type === 129 ? (roleOf(header, tag) ?? 'other') : 'error';
  }
  return header && (roleOf(header, tag) ?? 'other');
}

/** What a rule did with a packet; `undefined` for events that only say that a chain went on to its end. */
export function stepOf(event: TraceEvent, { chains, rules }: KnownRules): RuleStep | undefined {
  const { family, table, chain, handle } = event;
  if (table.startsWith(traceTablePrefix) || event.type === 'return' || (event.type === 'rule' && handle === undefined))
    return undefined;
  const same = (part: { readonly family: string; readonly table: string }) =>
    part.family === family && part.table === table;
  const siblings = chains.filter(same).map((summary) => summary.chain);
  const hook = chains.find((summary) => same(summary) && summary.chain === chain)?.hook;
  const place = { family, table, chain, owner: ruleOwner({ family, table, chain }, siblings), ...(hook && { hook }) };
  if (event.type === 'policy') {
    const policy = event.policy ?? event.verdict?.name ?? 'accept';
    return { ...place, kind: 'policy', text: `policy ${policy}`, verdict: policy };
  }
  const rule = rules.find((summary) => same(summary) && summary.chain === chain && summary.handle === handle);
  return {
    ...place,
    kind: 'rule',
    handle: String(handle),
    text: rule?.text ?? 'a rule that is gone by now',
    verdict: [event.verdict?.name ?? 'continue', ...(event.verdict?.chain ? [event.verdict.chain] : [])].join(' '),
    ...(rule?.rejects === true && { rejects: true }),
  };
}
