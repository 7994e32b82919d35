/**
 * What following a packet asks of the kernel: traces, single routes, rules as text. A door of its own:
 * only who traces loads it.
 *
 * @module
 */
export { encodeFirstPackets, type FirstPacketTracing } from './nftables/first-packets.ts';
export { removalByComment } from './nftables/insertion-undo.ts';
export { dumpRulesOfTableMessage, type RuleSummary, ruleHandle, summarizeRule } from './nftables/rule-listing.ts';
export { formatRule } from './nftables/statement-text.ts';
export {
  decodeGeneration,
  decodeTraceEvent,
  type GenerationEvent,
  type TracedConnection,
  type TraceEvent,
  type TraceEventType,
} from './nftables/trace-event.ts';
export {
  encodeDeleteTraceTable,
  encodeTraceMarks,
  encodeTraceTable,
  type PacketMark,
  type TraceTable,
} from './nftables/trace-table.ts';
export { encodeTrackingTable } from './nftables/tracking-table.ts';
export { decodeRouteAnswer, getRouteMessage, type RouteAnswer, type RouteQuery } from './route/route-query.ts';
export { dumpRulesMessage, outlineRule, type RuleOutline } from './route/rule.ts';
export { isTunnel, type TunnelDetails, tunnelDetails } from './route/tunnel-details.ts';
