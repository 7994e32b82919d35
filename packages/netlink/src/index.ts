/**
 * Netlink as bytes and values; no system calls.
 *
 * @module
 */
export { Attributes, listAttributes } from './attribute.ts';
export { type BatchRequest, NetlinkConnection, type NetlinkTransport } from './connection.ts';
export {
  decodeFlow,
  decodeFlowEvent,
  encodeFlowDeletion,
  encodeFlowDump,
  encodeFlowFlush,
  encodeFlowQuery,
  type Flow,
  type FlowCounters,
  type FlowEvent,
  type FlowFilter,
  type FlowTuple,
  flowStatus,
  matchesFlow,
  type TcpState,
} from './conntrack.ts';
export type { ErrnoName } from './errno.ts';
export { decodeMessages, encodeMessage, joinMessages, type Message, messageFlag } from './message.ts';
export { hasErrno, NetlinkError } from './netlink-error.ts';
export {
  type ChainSummary,
  dumpChainsMessage,
  type RulesetFamily,
  rulesetFamily,
  summarizeChain,
} from './nftables/chain-listing.ts';
export type {
  ChainDefinition,
  Comparand,
  FieldType,
  HookDefinition,
  HookName,
  RuleDefinition,
  Selector,
  SetDefinition,
  Statement,
  TableDefinition,
  TableFamily,
  TranslationStatement,
  WritableField,
} from './nftables/definition.ts';
export {
  decodeElements,
  type ElementAction,
  encodeElementDump,
  encodeElements,
  type SetElement,
  type SetSchema,
} from './nftables/element-codec.ts';
export { formatElements } from './nftables/element-text.ts';
export { decodeForeignFilters, type ForeignFilter, forwardingTables } from './nftables/foreign-filter.ts';
export { encodeNftBatch, netfilterGroup, nftMessage, nftType } from './nftables/nft-message.ts';
export { decodeTables } from './nftables/table-decoder.ts';
export {
  type ChainReference,
  encodeDeleteTable,
  encodeNewTable,
  encodeRuleInsertion,
  encodeTable,
  encodeTableReplacement,
  type TableReference,
} from './nftables/table-encoder.ts';
export { formatTable } from './nftables/table-text.ts';
export { describeChange } from './object/change-text.ts';
export {
  type AddressObject,
  type BridgePort,
  type Change,
  type ElementObject,
  type FdbObject,
  identityOf,
  type KernelObject,
  type LinkObject,
  type LinkType,
  type NamespaceName,
  type NamespaceObject,
  type NeighborObject,
  type QdiscObject,
  type RouteObject,
  type RuleObject,
  type SysctlObject,
  type TableObject,
  type VethType,
} from './object/kernel-object.ts';
export { isPresent, satisfies } from './object/satisfies.ts';
export {
  addressIn,
  addressState,
  decodeAddress,
  dumpAddressesMessage,
  dumpForeignAddressesMessage,
} from './route/address.ts';
export { homeOfLink, isInnerEnd, setLinkUpMessage } from './route/link.ts';
export {
  decodeLinkDetails,
  decodeLinkStatistics,
  dumpLinkStatisticsMessage,
  dumpLinksMessage,
  getLinkMessage,
  type LinkDetails,
  type LinkStatistics,
  linkIndexIn,
  linkObjectOf,
} from './route/link-details.ts';
export type { NameLookup, NumberLookup } from './route/lookup.ts';
export { routeMessage, routingGroups } from './route/message-types.ts';
export { decodeNamespaceId, getNamespaceIdMessage } from './route/namespace-id.ts';
export { decodeFdb, decodeNeighbor, dumpFdbMessage, dumpNeighborsMessage } from './route/neighbor.ts';
export {
  decodeForwardingEntry,
  decodeNeighborAnswer,
  type ForwardingEntry,
  getForwardingMessage,
  getNeighborMessage,
  type NeighborAnswer,
} from './route/neighbor-query.ts';
export { decodeQdisc, dumpQdiscsMessage } from './route/qdisc.ts';
export { decodeRoute, dumpRoutesMessage } from './route/route.ts';
export { type RouteChange, type RouteChangeObject, type RouteRequest, routeRequests } from './route/route-change.ts';
export { decodeRule, dumpRulesMessage } from './route/rule.ts';
export type {
  NamespaceEntry,
  NetfilterEntry,
  RouteEntry,
  SysctlEntry,
  TranscriptEntry,
} from './transcript/entry.ts';
