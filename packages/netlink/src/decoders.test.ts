import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairleadError } from '@fairlead/base';
import fc from 'fast-check';
import { decodeFlow, decodeFlowEvent } from './conntrack.ts';
import { decodeMessages, type Message } from './message.ts';
import { decodeAcknowledgement } from './netlink-error.ts';
import { decodeNews, decodeRulesNews } from './news.ts';
import { decodeForeignFilters } from './nftables/foreign-filter.ts';
import { decodeChain, decodeRule, decodeSet, decodeTableHead, decodeTables } from './nftables/table-decoder.ts';
import { decodeGeneration, decodeTraceEvent } from './nftables/trace-event.ts';
import { decodeLinkDetails, decodeLinkStatistics } from './route/link-details.ts';
import { decodeNamespaceId } from './route/namespace-id.ts';
import { decodeFdb, decodeNeighborHeader } from './route/neighbor.ts';
import { decodeForwardingEntry, decodeNeighborAnswer } from './route/neighbor-query.ts';
import { decodeQdisc } from './route/qdisc.ts';
import { decodeRoute, decodeRouteHeader } from './route/route.ts';
import { decodeRouteAnswer } from './route/route-query.ts';
import { decodeRule as decodePolicyRule, decodeRuleHeader } from './route/rule.ts';
import { decodeSocket } from './socket-diagnosis.ts';

/** Whatever bytes come, a decoder gives a value or says what is wrong with them: it neither hangs nor trips. */

const names = { linkName: () => 'eth0', foreignLink: () => ({ namespace: 'box', name: 'eth1' }) };
const decoders: Readonly<Record<string, (message: Message) => unknown>> = {
  messages: ({ body }) => decodeMessages(body),
  acknowledgement: (message) => decodeAcknowledgement(message),
  news: decodeNews,
  rulesNews: decodeRulesNews,
  flow: decodeFlow,
  flowEvent: decodeFlowEvent,
  tableHead: decodeTableHead,
  set: decodeSet,
  chain: decodeChain,
  rule: decodeRule,
  tables: (message) => decodeTables([message]),
  foreignFilters: (message) => decodeForeignFilters([message], [message]),
  traceEvent: decodeTraceEvent,
  generation: decodeGeneration,
  linkDetails: decodeLinkDetails,
  linkStatistics: decodeLinkStatistics,
  namespaceId: decodeNamespaceId,
  fdb: (message) => decodeFdb(message, '', names),
  neighborHeader: ({ body }) => decodeNeighborHeader(body),
  neighborAnswer: decodeNeighborAnswer,
  forwardingEntry: decodeForwardingEntry,
  qdisc: (message) => decodeQdisc(message, '', names),
  route: (message) => decodeRoute(message, '', names),
  routeHeader: ({ body }) => decodeRouteHeader(body),
  routeAnswer: decodeRouteAnswer,
  policyRule: (message) => decodePolicyRule(message, ''),
  policyRuleHeader: ({ body }) => decodeRuleHeader(body),
  tcpSocket: (message) => decodeSocket(message, 'tcp'),
};

/** Attributes that are well formed, with anything in them, some of them nested. */
const attributes: fc.Arbitrary<Uint8Array> = fc.letrec<{ list: Uint8Array; one: Uint8Array }>((tie) => ({
  list: fc.array(tie('one'), { maxLength: 6 }).map((parts) => Buffer.concat(parts)),
  one: fc
    .tuple(fc.nat(48), fc.boolean(), fc.oneof({ depthSize: 'small' }, fc.uint8Array({ maxLength: 20 }), tie('list')))
    .map(([type, nested, value]) => {
      const header = Buffer.alloc(4);
      header.writeUInt16LE(value.length + 4, 0);
      header.writeUInt16LE(type | (nested ? 0x8000 : 0), 2);
      return Buffer.concat([header, value, Buffer.alloc(-value.length & 3)]);
    }),
})).list;

/** Said on purpose; a TypeError is what a decoder trips over. */
function isClear(error: unknown): boolean {
  const kinds: readonly unknown[] = [RangeError, FairleadError, Error];
  return error instanceof Error && kinds.includes(error.constructor);
}

const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .tuple(fc.constantFrom(4, 8, 12, 16, 20, 72), fc.uint8Array({ minLength: 72, maxLength: 72 }), attributes)
    .map(([length, header, rest]) => Buffer.concat([header.subarray(0, length), rest])),
);

for (const [name, decode] of Object.entries(decoders)) {
  test(`any bytes are a value or a clear error to the decoder of: ${name}`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xfff }), fc.nat(0xffff), body, (type, flags, bytes) => {
        try {
          decode({ type, flags, sequence: 1, port: 0, body: bytes });
        } catch (error) {
          assert.ok(isClear(error), error instanceof Error ? (error.stack ?? '') : String(error));
        }
      }),
      { numRuns: 100 },
    );
  });
}
