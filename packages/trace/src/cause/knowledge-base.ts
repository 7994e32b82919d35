import type { Case } from '../model/case.ts';
import type { Cause, Fix, Verdict } from '../model/report.ts';
import { answerRows } from './answer-rows.ts';
import { astrayRows, foreignSteps, removeRule, stepText } from './astray-rows.ts';
import { carrierCase } from './carrier.ts';
import { divertedRows } from './diverted-rows.ts';
import { firewallRows } from './firewall-rows.ts';
import { groupProgram } from './group-row.ts';
import { ipv6Off } from './ipv6-row.ts';
import { lifetimeRows } from './lifetime-rows.ts';
import { linkRows } from './link-rows.ts';
import { nameRows } from './name-rows.ts';
import { neighborRows } from './neighbor-rows.ts';
import { networkRows } from './network-rows.ts';
import { refusedOutside } from './outside-row.ts';
import { proxyRows } from './proxy-rows.ts';
import { routeRows } from './route-rows.ts';
import { type CauseRow, dropEvidence } from './row.ts';
import { sendRows } from './send-rows.ts';
import { serverRows } from './server-rows.ts';
import { socketRows } from './socket-rows.ts';
import { stateRows } from './state-rows.ts';
import { smallerTunnel, tunnelRows } from './tunnel-rows.ts';
import { wayBackRows } from './way-back-rows.ts';
import { wrongSource } from './wrong-source.ts';

/** What is said when nothing better is known: what the kernel said. */
const otherwise: readonly CauseRow[] = [
  refusedOutside,
  {
    code: 'left-untranslated',
    explain: (trace) => {
      const { outcome, source, directory, destination } = trace;
      const own = source.container?.attachments.find(
        ({ ipv4, ipv6 }) => ipv4 === source.address || ipv6 === source.address,
      );
      const network = directory.networks.find(({ name }) => name === own?.network);
      const header = outcome.last?.header;
      if (outcome.verdict !== 'lost' || network?.masquerade !== true || header?.source !== source.address)
        return undefined;
      const others = foreignSteps(trace).filter(({ text }) => /notrack|NOTRACK/.test(text));
      return {
        text: `It left this machine under the container's own address ${header.source}, which nobody outside can answer: it was not translated${others.length === 0 ? '' : ', for a rule keeps it from being tracked'}. ${destination.address} does not answer.`,
        evidence: [
          `kernel: last seen sent by ${outcome.last?.device?.name} from ${header.source}`,
          ...others.map(stepText),
        ],
        verdict: 'dropped',
      };
    },
  },
  {
    code: 'foreign-translation',
    explain: (trace) => {
      const { outcome } = trace;
      const [rule] = foreignSteps(trace).filter(({ text }) =>
        /\b[sd]nat\b|masquerade|redirect|"[SD]NAT"|"MASQUERADE"|"REDIRECT"|"NETMAP"/.test(text),
      );
      const isUnanswered = outcome.verdict === 'lost' || outcome.verdict === 'unknown';
      if (!isUnanswered || outcome.reply !== undefined || rule === undefined) return undefined;
      const { source, destination } = outcome.last?.header ?? trace;
      const seen = outcome.last?.event === 'sent' ? 'sent by' : 'received by';
      const now = outcome.last?.event === 'sent' ? ` (now ${textOf(source)} → ${textOf(destination)})` : '';
      return {
        text: `${outcome.verdict === 'lost' ? 'It left this machine' : 'It did not get there'}, changed on the way by a rule of ${rule.owner} (table ${rule.family} ${rule.table}, chain ${rule.chain})${now}, and no answer came.`,
        evidence: [stepText(rule), `kernel: last seen ${seen} ${outcome.last?.device?.name ?? 'an interface'}`],
        verdict: 'dropped',
        fixes: [removeRule(rule)],
      };
    },
  },
  {
    code: 'echo-ignored',
    explain: ({ protocol, family, facts, destination, outcome: { drop } }) => {
      const key = family === 6 ? 'net.ipv6.icmp.echo_ignore_all' : 'net.ipv4.icmp_echo_ignore_all';
      if (protocol !== 'icmp' || facts.destination?.sysctls[key] !== '1') return undefined;
      // What was dropped before it got there was dropped for something else.
      if (drop !== undefined && drop.namespace !== facts.destination.inode) return undefined;
      return {
        text: `${destination.name} got it, and is told not to answer echo requests (${key} = 1).`,
        evidence: [`${key} = 1 in ${destination.name}`],
        verdict: 'refused',
      };
    },
  },
  {
    code: 'dropped',
    explain: (trace) =>
      trace.outcome.drop === undefined
        ? undefined
        : {
            text: `The kernel dropped it and says only: ${trace.outcome.drop.reason}.`,
            evidence: [dropEvidence(trace)],
          },
  },
  {
    code: 'arrived-unanswered',
    explain: ({ outcome, facts, destination, observation }) => {
      const arrived = observation.sightings.some(
        ({ role, event, namespace }) =>
          role === 'request' && event === 'received' && namespace === facts.destination?.inode,
      );
      if (outcome.verdict !== 'unknown' || !arrived || outcome.reply !== undefined) return undefined;
      return {
        text: `It arrived in ${destination.name}, which took it and did not answer.`,
        evidence: [`kernel: last seen in ${destination.name}`],
      };
    },
  },
  tunnelRows.tunnelSilent,
  astrayRows.handmadeNeighbor,
  {
    code: 'no-answer-from-outside',
    explain: ({ outcome, destination }) => {
      if (outcome.verdict !== 'lost') return undefined;
      const by = outcome.last?.device?.name ?? 'an interface';
      return {
        text: `It left this machine by ${by} as it should; ${destination.address}, or somebody on the way, does not answer. What happens there cannot be seen from here.`,
        evidence: [`kernel: last seen sent by ${by}`],
      };
    },
  },
];

function textOf(end: string | { readonly address: string }): string {
  return typeof end === 'string' ? end : end.address;
}

/** All rows, the surest first: what a rule or a socket says counts more than what the state of an interface suggests. */
export const causeRows: readonly CauseRow[] = [
  nameRows.staleName,
  serverRows.programStopped,
  serverRows.serverRefuses,
  wrongSource,
  proxyRows.proxyMissing,
  ...firewallRows,
  groupProgram,
  divertedRows.queueUnheard,
  proxyRows.proxyPassed,
  divertedRows.checksumWrong,
  divertedRows.sentAside,
  astrayRows.answerUntranslated,
  stateRows.ipsecPolicy,
  ...networkRows,
  sendRows.tooBig,
  sendRows.portsTaken,
  sendRows.notSent,
  lifetimeRows.cameBack,
  linkRows.interfaceDown,
  stateRows.cableMissing,
  stateRows.noCarrier,
  tunnelRows.tunnelBroken,
  routeRows.trafficControl,
  routeRows.martian,
  wayBackRows.reversePath,
  ipv6Off,
  stateRows.portLocked,
  neighborRows.addressUnusable,
  stateRows.localRouteMissing,
  neighborRows.addressMissing,
  wayBackRows.noWayBack,
  divertedRows.rewritten,
  serverRows.connectedElsewhere,
  ...socketRows,
  linkRows.offTheBridge,
  linkRows.closedNetwork,
  linkRows.portsIsolated,
  linkRows.portBlocked,
  answerRows.answerElsewhere,
  answerRows.sentElsewhere,
  routeRows.networkRouteMissing,
  routeRows.routeElsewhere,
  neighborRows.arpOff,
  neighborRows.wrongNeighbor,
  neighborRows.wrongNextHop,
  linkRows.wrongForwarding,
  neighborRows.silentNeighbor,
  neighborRows.noNeighbor,
  astrayRows.takenElsewhere,
  routeRows.forwardingOff,
  routeRows.routeBlocked,
  routeRows.noRoute,
  lifetimeRows.lifetimeShort,
  lifetimeRows.lifetimeOver,
  astrayRows.sentNowhere,
  ...otherwise,
];

/** What would only say that nothing is known about a packet that carries the probe. */
const sayNothing: ReadonlySet<string> = new Set([
  'no-answer-from-outside',
  'no-answer-from-tunnel',
  'arrived-unanswered',
]);

/** The first row that fits says why; of what was carried in another packet, why that one did not get there. */
export function explainCause(trace: Case): {
  readonly cause?: Cause;
  readonly fixes: readonly Fix[];
  readonly verdict: Verdict;
} {
  const carrier = carrierCase(trace);
  const ownEnd = carrier && firstOf([tunnelRows.farEndClosed, tunnelRows.numberUnknown], trace);
  const outer = ownEnd ?? (carrier && firstOf(causeRows, carrier.trace));
  if (carrier === undefined || outer === undefined || sayNothing.has(outer.cause.code))
    return firstOf(causeRows, trace) ?? { fixes: [], verdict: trace.outcome.verdict };
  if (outer === ownEnd) return outer;
  const { code, text, evidence } = outer.cause;
  const where = `The packet that carries it (${carrier.text}) does not get there`;
  const fixes = code === 'too-big' ? [smallerTunnel(trace)] : outer.fixes;
  return { ...outer, fixes, cause: { code, text: `${where}: ${text}`, evidence } };
}

function firstOf(
  rows: readonly CauseRow[],
  trace: Case,
): { readonly cause: Cause; readonly fixes: readonly Fix[]; readonly verdict: Verdict } | undefined {
  for (const { code, explain } of rows) {
    const found = explain(trace);
    if (found === undefined) continue;
    const { text, evidence, fixes = [], verdict = trace.outcome.verdict, neighbor } = found;
    return { cause: { code, text, evidence, ...(neighbor && { neighbor }) }, fixes, verdict };
  }
  return undefined;
}
