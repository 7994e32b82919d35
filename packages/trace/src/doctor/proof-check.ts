import type { RuleStep, TraceReport } from '../model/report.ts';
import type { Finding } from './finding.ts';
import { containersOn, type HostState, type ProofOf } from './host-state.ts';
import { hasFailed, severityOf } from './proof-verdict.ts';

type Purpose = ProofOf['purpose'];
type Sending = Exclude<Purpose, { kind: 'size' | 'way-in' }>;

/** What packets that were sent for a purpose have shown. */
export function proofFindings(state: HostState, kind: Purpose['kind']): Finding[] {
  return state.proofs.filter(({ purpose }) => purpose.kind === kind).flatMap((proof) => findingOf(state, proof) ?? []);
}

/** Whether a packet has shown trouble. */
export function isSuspect(state: HostState, proof: ProofOf): boolean {
  return findingOf(state, proof) !== undefined;
}

function findingOf(state: HostState, proof: ProofOf): Finding | undefined {
  const { purpose, report } = proof;
  if (purpose.kind === 'size') return sizeFinding(state, purpose, report);
  if (purpose.kind === 'way-in' && report.verdict === 'delivered') return takenFinding(purpose, report);
  const { cause } = report;
  if (cause === undefined || !hasFailed(proof)) return undefined;
  return {
    code: cause.code,
    severity: severityOf(proof, cause),
    text: cause.text,
    ...whom(state, purpose, report),
    evidence: [...cause.evidence, `proved by a packet: ${probeText(report)}`],
    fixes: report.fixes,
  };
}

/** Who is hit by what has failed, and what does not work because of it. */
function whom(
  state: HostState,
  purpose: Exclude<Purpose, { kind: 'size' }>,
  report: TraceReport,
): Pick<Finding, 'affects' | 'consequences'> {
  if (purpose.kind === 'way-in')
    return {
      affects: [purpose.container],
      consequences: [`Port ${purpose.port} of this host does not lead to ${purpose.container}.`],
    };
  const { from } = purpose;
  const own = purpose.kind === 'neighbours' ? [from, purpose.to] : [from];
  const isPort = isOfPort(state, purpose, report);
  if (isPort && purpose.kind === 'way-out')
    return {
      affects: containersOn(state, purpose.network),
      consequences: [`Containers of ${purpose.network} do not get out to TCP port ${purpose.port}.`],
    };
  if (purpose.kind === 'attempt' || isPort || othersSucceed(state, purpose))
    return { affects: own, consequences: [ownConsequence(purpose)] };
  const everybody = {
    'way-out': 'do not get out',
    neighbours: 'do not reach each other',
    host: 'do not reach the host',
  };
  return {
    affects: containersOn(state, purpose.network),
    consequences: [`Containers of ${purpose.network} ${everybody[purpose.kind]}.`],
  };
}

function ownConsequence(purpose: Sending): string {
  const { kind, from } = purpose;
  switch (kind) {
    case 'way-out':
      return `${from} does not get out.`;
    case 'neighbours':
      return `${from} does not reach ${purpose.port === undefined ? '' : `TCP port ${purpose.port} of `}${purpose.to}.`;
    case 'host':
      return `${from} does not reach the host.`;
    case 'attempt':
      return `${from} is waiting for ${purpose.to} to answer.`;
    default:
      return kind satisfies never;
  }
}

/** Where echo requests get through, it is the port alone. */
function isOfPort({ proofs }: HostState, purpose: Sending, { probe }: TraceReport): boolean {
  if (!('port' in purpose)) return false;
  const { port: _, ...plain } = purpose;
  const echo = JSON.stringify(plain);
  return proofs.some(
    (other) =>
      JSON.stringify(other.purpose) === echo &&
      other.report.verdict === 'delivered' &&
      other.report.probe?.family === probe?.family,
  );
}

/** What another container of the network can, only this one cannot. */
function othersSucceed({ proofs }: HostState, own: Exclude<Sending, { kind: 'attempt' }>): boolean {
  return proofs.some((proof) => {
    const { purpose } = proof;
    if (purpose.kind !== own.kind || purpose.network !== own.network || hasFailed(proof)) return false;
    const isOther = purpose.from !== own.from;
    return purpose.kind === 'way-out' && own.kind === 'way-out' ? isOther && purpose.family === own.family : isOther;
  });
}

function probeText({ probe, summary }: TraceReport): string {
  if (probe === undefined) return summary;
  const port = probe.destination.port === undefined ? '' : `:${probe.destination.port}`;
  return `${probe.source.name} → ${probe.destination.address}${port} ${probe.protocol}, ${summary}`;
}

function sizeFinding(
  state: HostState,
  { network, size }: { readonly network: string; readonly size: number },
  report: TraceReport,
): Finding | undefined {
  if (report.cause?.code !== 'too-big') return undefined;
  return {
    code: 'mtu',
    severity: 'warning',
    consequences: [`The network ${network} lets packets of ${size} bytes through, the way out does not.`],
    text: `Where the message about it is lost, large packets vanish: connections hang after they were made.`,
    evidence: [...report.cause.evidence, `proved by a packet: ${probeText(report)}`],
    affects: containersOn(state, network),
    fixes: report.fixes,
  };
}

/** Where a packet for a container's port has arrived instead: somebody else's rule or route was first. */
export function diversion(
  container: string,
  report: TraceReport,
): { readonly place: string; readonly rule?: RuleStep; readonly evidence: readonly string[] } | undefined {
  const arrival = report.hops.findLast(({ role, event }) => role === 'request' && event === 'received');
  if (arrival === undefined || arrival.place.split('+').includes(container)) return undefined;
  const rules = report.hops
    .flatMap((hop) => hop.rules)
    .filter(({ owner, text }) => owner !== 'fairlead' && /dnat|redirect|"DNAT"|"REDIRECT"/.test(text));
  const [rule] = rules;
  return {
    place: arrival.place,
    ...(rule && { rule }),
    evidence: [
      ...(rule === undefined
        ? []
        : [`nft trace: table ${rule.family} ${rule.table}, chain ${rule.chain}: ${rule.text}`]),
      `proved by a packet: ${probeText(report)}`,
    ],
  };
}

/** It arrived, but not where the port is to lead. */
function takenFinding(
  { container, port }: { readonly container: string; readonly port: number },
  report: TraceReport,
): Finding | undefined {
  const found = diversion(container, report);
  if (found === undefined) return undefined;
  const { place, rule, evidence } = found;
  return {
    code: 'port-taken',
    severity: 'error',
    text: `Port ${port} of this host is published for ${container}, but leads to ${place}${rule === undefined ? '' : `: a rule of ${rule.owner} comes first`}.`,
    evidence,
    affects: [container],
    fixes: [],
  };
}
