import type { Case } from '../model/case.ts';
import { linkNumbered } from '../model/facts.ts';
import type { Sighting } from '../model/hops.ts';
import type { RuleStep } from '../model/report.ts';
import { foreignSteps, removeRule, stepText } from './astray-rows.ts';
import { type CauseRow, commandIn, dropEvidence } from './row.ts';

/** A rule that hands packets to a program (nft's `queue`, iptables' NFQUEUE). */
function isQueuing({ text }: RuleStep): boolean {
  return /\bqueue\b|"NFQUEUE"/.test(text);
}

/** Packets are handed to a program that is not there. */
const queueUnheard: CauseRow = {
  code: 'queue-unheard',
  explain: (trace) => {
    const { outcome, facts, placeName } = trace;
    const { drop } = outcome;
    if (drop === undefined || !/^_*nf_queue/.test(drop.function ?? '')) return undefined;
    const rule = foreignSteps(trace).findLast(isQueuing);
    const legacy = (facts.legacyDrops ?? []).filter(({ text }) => text.includes('NFQUEUE'));
    const place = placeName(drop.namespace);
    const { queues = [] } = facts.last ?? {};
    const which =
      rule === undefined
        ? legacy.map(({ table, chain, text }) => ` (the older iptables, ${table} ${chain}: ${text})`).join(' or')
        : ` of ${rule.owner} (table ${rule.family} ${rule.table}, chain ${rule.chain}: ${rule.text})`;
    return {
      text: `In ${place}, a rule${which} hands it to a program by a queue (NFQUEUE), and no program takes packets from that queue: the kernel drops them.`,
      evidence: [
        dropEvidence(trace),
        ...(rule === undefined ? [] : [stepText(rule)]),
        `/proc/net/netfilter/nfnetlink_queue in ${place}: ${queues.length === 0 ? 'no program' : `programs at ${queues.join(', ')}`}`,
      ],
      verdict: 'dropped',
      fixes: [
        { text: 'Start the program that is to judge them', commands: [], undo: [] },
        ...(rule === undefined ? [] : [removeRule(rule)]),
      ],
    };
  },
};

/** What others have written into the packet on its way. */
function writingRules(trace: Case, field: RegExp): RuleStep[] {
  return foreignSteps(trace).filter(({ text }) => /\bset\b/.test(text) && field.test(text));
}

/** Its checksum is not that of what it holds. */
const checksumWrong: CauseRow = {
  code: 'checksum-wrong',
  explain: (trace) => {
    const { drop } = trace.outcome;
    if (!/_CSUM$/.test(drop?.reason ?? '') || drop === undefined) return undefined;
    const [rule] = writingRules(trace, / set\b/);
    const by = rule === undefined ? 'something on the way has changed it' : `a rule of ${rule.owner} has changed it`;
    const where = rule === undefined ? '' : ` (table ${rule.family} ${rule.table}, chain ${rule.chain})`;
    return {
      text: `${trace.placeName(drop.namespace)} drops it for its checksum, which is wrong: it was right when it was sent, so ${by}${where}.`,
      evidence: [dropEvidence(trace), ...(rule === undefined ? [] : [stepText(rule)])],
      verdict: 'dropped',
      fixes: rule === undefined ? [] : [removeRule(rule)],
    };
  },
};

/** A rule has written another port or address into it, which no connection tracking takes back. */
const rewritten: CauseRow = {
  code: 'rewritten',
  explain: (trace) => {
    const { outcome } = trace;
    const [rule] = writingRules(trace, /\b(ip6? [sd]addr|(th|tcp|udp) [sd]port) set\b/);
    if (rule === undefined || outcome.verdict === 'delivered') return undefined;
    const header = (outcome.drop ?? outcome.last)?.header;
    const { address: asked, port } = trace.destination;
    const end = (address: string | undefined, port: number | undefined) =>
      `${address ?? '?'}${port === undefined ? '' : `, port ${port}`}`;
    const isSeen = header !== undefined && end(header.destination, header.destinationPort) !== end(asked, port);
    const now = `: it is now from ${end(header?.source, header?.sourcePort)} to ${end(header?.destination, header?.destinationPort)}`;
    return {
      text: `A rule of ${rule.owner} (table ${rule.family} ${rule.table}, chain ${rule.chain}) writes into the packet (${rule.text})${isSeen ? now : ''}, and nothing translates answers back.`,
      evidence: [stepText(rule), dropEvidence(trace)],
      verdict: outcome.verdict === 'refused' ? 'refused' : 'dropped',
      fixes: [removeRule(rule)],
    };
  },
};

/** From one interface it went to another of the same place that neither routing nor a bridge leads to. */
const sentAside: CauseRow = {
  code: 'sent-aside',
  explain: (trace) => {
    const found = jumpOf(trace);
    if (found === undefined) return undefined;
    const { from, to, place, namespace } = found;
    const rule = foreignSteps(trace).find(({ text }) => /\bfwd\b/.test(text));
    const by =
      rule === undefined
        ? 'a filter of traffic control there (mirred)'
        : `a rule of ${rule.owner} (table ${rule.family} ${rule.table}, chain ${rule.chain}: ${rule.text})`;
    return {
      text: `In ${place}, what comes in by ${from} is sent to ${to}, past routing and bridges: ${by} does so.`,
      evidence: [
        `kernel: received by ${from}, then seen on ${to}`,
        dropEvidence(trace),
        ...(rule === undefined ? [] : [stepText(rule)]),
      ],
      verdict: 'dropped',
      fixes:
        rule === undefined
          ? [
              {
                text: 'Look which filter does so, and take it away',
                commands: [`tc filter show dev ${from} ingress`, `tc filter show dev ${from} parent ffff:`].map(
                  (each) => commandIn(namespace, each),
                ),
                undo: [],
              },
            ]
          : [removeRule(rule)],
    };
  },
};

interface Jump {
  readonly from: string;
  readonly to: string;
  readonly place: string;
  readonly namespace: string | undefined;
}

/** Nobody took it, and before it was dropped as somebody else's it had changed its interface for one of no relation. */
function jumpOf({ outcome, observation, facts, namespaceName }: Case): Jump | undefined {
  const { drop } = outcome;
  const { last } = facts;
  if (drop?.reason !== 'OTHERHOST' || drop.role !== 'request' || last === undefined) return undefined;
  const here = observation.sightings.filter(
    ({ role, namespace, event, carrier }) =>
      role === 'request' && namespace === drop.namespace && event === 'received' && carrier === undefined,
  );
  const to = linkNumbered(last, drop.device?.index);
  const from = linkNumbered(last, beforeOn(here, drop)?.device?.index);
  if (to === undefined || from === undefined || from.masterIndex === to.index || from.index === to.masterIndex)
    return undefined;
  const isCable = to.kind === 'veth' && from.parentIndex === to.index && from.parentNamespaceId === undefined;
  // What is sent to itself by way of lo was routed there.
  if (isCable || (from.masterIndex !== undefined && from.masterIndex === to.masterIndex)) return undefined;
  return { from: from.name, to: to.name, place: last.place, namespace: namespaceName(drop.namespace) };
}

function beforeOn(received: readonly Sighting[], drop: Sighting): Sighting | undefined {
  return received.findLast(({ device, time }) => device?.index !== drop.device?.index && time < drop.time);
}

/** Causes of what was taken out of its way. */
export const divertedRows = { queueUnheard, checksumWrong, rewritten, sentAside };
