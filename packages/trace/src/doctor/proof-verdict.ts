import type { Cause, TraceReport } from '../model/report.ts';
import { administrator } from '../model/rule-owner.ts';
import type { Finding } from './finding.ts';
import type { ProofOf } from './host-state.ts';

/** Nobody outside has to answer, and nothing is said about what was not seen. */
export function hasFailed({ purpose, report }: ProofOf): boolean {
  const { verdict, cause } = report;
  if (verdict === 'delivered' || verdict === 'unknown' || cause === undefined) return false;
  if (verdict === 'lost') return tellingLosses.has(cause.code);
  if (purpose.kind === 'way-out' && isElsewhere(report)) return false;
  // The echo request has told all else, and of a refusal nobody knows whether it is the gateway's own.
  if (purpose.kind === 'way-out' && purpose.port !== undefined) return byRules.test(cause.code);
  // Who keeps containers from the host itself wants to; that one who asked was refused is over by now.
  if (purpose.kind === 'host' && (byRules.test(cause.code) || isElsewhere(report))) return false;
  if (purpose.kind === 'attempt' && verdict === 'refused') return false;
  if (purpose.kind === 'way-in' && purpose.spare && verdict === 'refused') return false;
  // A port for some askers was asked for by another one, and that it is not for that one is what was wanted. Where there is
  // no way from outside, the checks of the host's own say so.
  return cause.code !== 'not-allowed' && cause.code !== 'no-uplink';
}

/** Causes of packets that left this machine, which are seen on this machine. */
const tellingLosses: ReadonlySet<string> = new Set(['answer-elsewhere', 'handmade-neighbor']);
/** Causes that somebody's rules are. */
const byRules = /^(foreign|legacy|firewall|echo)/;
/** Causes that may well be wanted: what one network or container is set to, or what is no fault of this machine. */
const wanted: ReadonlySet<string> = new Set([
  'echo-ignored',
  'handmade-neighbor',
  'internal-network',
  'icc-off',
  'networks-apart',
  'not-published',
  'loopback-guarded',
  'no-neighbor',
]);

/** How bad it is that a packet has failed. */
export function severityOf({ purpose, report }: ProofOf, { code }: Cause): Finding['severity'] {
  const isNoted =
    purpose.kind === 'attempt'
      ? wanted.has(code)
      : /^(echo|handmade)/.test(code) || isOwnChoice(purpose, report) || isOwnRule(report);
  return isNoted ? 'note' : report.verdict === 'dropped' ? 'error' : 'warning';
}

/** What is in the table that is left to the administrator is there on purpose. */
function isOwnRule({ hops }: TraceReport): boolean {
  const rules = hops.flatMap((hop) => hop.rules);
  return rules.findLast(({ verdict, rejects }) => verdict === 'drop' || rejects)?.owner === administrator;
}

/** A container may well keep itself or others from some port by rules of its own; not from one that it publishes. */
function isOwnChoice(purpose: ProofOf['purpose'], { hops, cause, probe }: TraceReport): boolean {
  const isOfPort = purpose.kind !== 'way-in' && probe?.protocol === 'tcp';
  if (!isOfPort || cause === undefined || !byRules.test(cause.code)) return false;
  const end = hops.findLast(({ role, event }) => role === 'request' && event === 'dropped');
  return end !== undefined && end.place !== 'host';
}

/** That the gateway refuses, or nobody has its address, is no fault of this machine's containers. */
function isElsewhere({ verdict, cause, probe }: TraceReport): boolean {
  const isAsked = cause?.neighbor === undefined || cause.neighbor === probe?.destination.address;
  return verdict === 'refused' || (cause?.code === 'no-neighbor' && isAsked);
}
