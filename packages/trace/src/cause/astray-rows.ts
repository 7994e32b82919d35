import { addressOf } from '@fairlead/base';
import { isBalanced } from '../model/balanced.ts';
import type { Case } from '../model/case.ts';
import { linkNamed, linkNumbered } from '../model/facts.ts';
import type { Fix, RuleStep } from '../model/report.ts';
import { type CauseRow, commandIn, dropEvidence, type Explanation, removalFix } from './row.ts';

/** Rules of others that it met and that did not stop it. */
export function foreignSteps({ observation }: Case): RuleStep[] {
  return observation.passes
    .flatMap(({ steps }) => steps)
    .filter(({ owner, kind }) => owner !== 'fairlead' && kind === 'rule');
}

/** `nft trace: table ip nat, chain PREROUTING: ...`. */
export function stepText({ family, table, chain, text }: RuleStep): string {
  return `nft trace: table ${family} ${table}, chain ${chain}: ${text}`;
}

/** Take a rule of others away, and put it back. */
export function removeRule(rule: RuleStep): Fix {
  return removalFix(rule, 'everything that it was meant for');
}

/** A rule of others that changes where packets go. */
function diverting(trace: Case): RuleStep | undefined {
  return foreignSteps(trace).find(({ text }) =>
    /\bdnat\b|\bredirect\b|\btproxy\b|"(DNAT|REDIRECT|TPROXY|NETMAP)"/.test(text),
  );
}

/** Number of the namespace that took the packet: answered it, or had no socket for it. */
export function takerOf({ outcome: { drop, rule }, observation }: Case): number | undefined {
  if (rule !== undefined) return undefined;
  if (drop?.role === 'request' && drop.reason === 'NO_SOCKET') return drop.namespace;
  // An answer that came from elsewhere is first seen coming in. A copy for who listens to all packets may end before that.
  const first = observation.sightings.find(({ role, event }) => role === 'answer' && event !== 'used');
  return first?.event === 'sent' ? first.namespace : undefined;
}

/** True when a container was to have it, and another place took it. */
export function isAstray(trace: Case): boolean {
  const taker = takerOf(trace);
  const { destination, facts, observation } = trace;
  if (taker === undefined || taker === 0 || isBalanced(observation)) return false;
  if (taker === observation.sourceNamespace && !trace.source.arrival) return isTakenAtHome(trace);
  if (destination.container === undefined) {
    // What is for somebody outside is nobody's here; a proxy that answers in its place was wanted.
    return !destination.local && trace.outcome.verdict !== 'delivered' && !hasItsAddress(trace, taker);
  }
  const meant = observation.destinationNamespace ?? facts.destination?.inode;
  if (taker === meant) return false;
  const isHost = taker === facts.host?.inode || trace.placeName(taker) === 'host';
  // A relay of our own takes packets for published ports, and passes on what they bring.
  const isDiverted = foreignSteps(trace).some((step) => isUntracking(step) || isProxying(step));
  return !(isHost && destination.published && trace.outcome.verdict === 'delivered' && !isDiverted);
}

/** A rule of others that answers in the place of who is asked, or has a program do so. */
function isProxying({ text }: RuleStep): boolean {
  return /\bsynproxy\b|\bredirect\b|\btproxy\b|"(SYNPROXY|REDIRECT|TPROXY)"/.test(text);
}

/** True for a container that takes for its own what is for another, or for outside without having such an address. */
function isTakenAtHome({ source, destination, facts }: Case): boolean {
  if (source.container === undefined || destination.local) return false;
  if (destination.container !== undefined)
    return !destination.published && destination.container.id !== source.container.id;
  return facts.source.addresses?.every((own) => addressOf(own) !== destination.address) === true;
}

/** True for a namespace that is neither the host's nor a container's, and that has the address: behind a tunnel, say. */
function hasItsAddress({ facts: { last }, destination }: Case, taker: number): boolean {
  return last?.inode === taker && last.addresses?.some((own) => addressOf(own) === destination.address) === true;
}

/** Somebody else has taken it. */
const takenElsewhere: CauseRow = {
  code: 'port-taken',
  explain: (trace) => {
    if (!isAstray(trace)) return undefined;
    const place = trace.placeName(takerOf(trace) ?? 0);
    const { destination, outcome } = trace;
    const fate = outcome.verdict === 'delivered' ? 'which answered in its place' : 'where nobody listens on that port';
    const reason = diversion(trace, place);
    return {
      text: `The packet for ${destination.name} ended in ${place}, ${fate}: ${reason.text}.`,
      evidence: [
        outcome.drop === undefined ? `kernel: the answer was sent by ${place}` : dropEvidence(trace),
        ...reason.evidence,
      ],
      verdict: outcome.verdict === 'refused' ? 'refused' : 'dropped',
      fixes: reason.fixes ?? [],
    };
  },
};

function diversion(trace: Case, place: string): Pick<Explanation, 'text' | 'evidence' | 'fixes'> {
  const { destination, facts, observation } = trace;
  const rule = diverting(trace);
  if (rule !== undefined) {
    const text = `a rule of ${rule.owner} (table ${rule.family} ${rule.table}, chain ${rule.chain}) sends it there`;
    return { text, evidence: [stepText(rule)], fixes: [removeRule(rule)] };
  }
  const [untracked] = foreignSteps(trace).filter(isUntracking);
  if (destination.published && untracked !== undefined) {
    const text = `its address was not translated, for a rule of ${untracked.owner} keeps it from being tracked`;
    return { text, evidence: [stepText(untracked)], fixes: [removeRule(untracked)] };
  }
  const local = observation.sightings.find(({ namespace }) => namespace === takerOf(trace));
  const atHome = takerOf(trace) === facts.source.inode ? facts.source : undefined;
  const route = (atHome ?? facts.last)?.onward?.route ?? facts.host?.onward?.route;
  if (route?.type === 'local') {
    const address = local?.header.destination ?? destination.address;
    return {
      text: `${place} takes ${address} for an address of its own`,
      evidence: [`route lookup in ${place} for ${address}: local (table ${route.table})`],
      fixes: [
        {
          text: 'Find who has it',
          commands: [`ip addr show to ${address}`, `ip route show table all ${address}`].map((each) =>
            commandIn(trace.namespaceName(takerOf(trace) ?? 0), each),
          ),
          undo: [],
        },
      ],
    };
  }
  return { text: 'what led it there could not be seen', evidence: [] };
}

/** A rule that keeps packets from being tracked, or has them tracked apart. */
function isUntracking({ text }: RuleStep): boolean {
  return /notrack|NOTRACK|ct zone|"CT"|\[ct\]/.test(text);
}

/** The host took an answer for one to itself: its address was not translated back. */
const answerUntranslated: CauseRow = {
  code: 'answer-untranslated',
  explain: (trace) => {
    const { outcome, facts, source } = trace;
    const { drop } = outcome;
    if (drop?.role !== 'answer' || drop.reason !== 'NO_SOCKET' || drop.namespace === facts.source.inode)
      return undefined;
    if (trace.placeName(drop.namespace) !== 'host' || source.container === undefined) return undefined;
    const [rule] = foreignSteps(trace).filter(isUntracking);
    const why = rule === undefined ? '' : `, for a rule of ${rule.owner} has it tracked apart or not at all`;
    return {
      text: `The answer came back to ${drop.header.destination}, but was not translated back to ${source.name}: connection tracking did not know it for an answer${why}.`,
      evidence: [dropEvidence(trace), ...(rule ? [stepText(rule)] : [])],
      verdict: 'dropped',
      fixes: rule ? [removeRule(rule)] : [],
    };
  },
};

/** Kinds of links behind which there is nobody. */
const hollow: Readonly<Record<string, string>> = {
  dummy: 'a dummy interface, behind which there is nobody',
  ifb: 'an interface for traffic control only (ifb), behind which there is nobody',
};

/** A route leads to an interface that leads nowhere. */
const sentNowhere: CauseRow = {
  code: 'sent-nowhere',
  explain: (trace) => {
    const { outcome, facts, destination } = trace;
    if (outcome.verdict !== 'lost' && outcome.verdict !== 'unknown') return undefined;
    const { last } = facts;
    const link = linkNamed(last, outcome.last?.device?.name);
    const what = link?.kind === undefined ? undefined : hollow[link.kind];
    if (last === undefined || link === undefined || what === undefined || outcome.last?.event !== 'sent')
      return undefined;
    const target = outcome.last.header.destination;
    return {
      text: `${last.place} sends packets for ${destination.address} by ${link.name}, ${what}.`,
      evidence: [`kernel: last seen sent by ${link.name}`, `${link.name} in ${last.place}: ${link.kind}`],
      verdict: 'dropped',
      fixes: [
        {
          text: 'Find the route, and take it away',
          commands: [`ip route show match ${target} dev ${link.name}`],
          undo: [],
        },
      ],
    };
  },
};

/** Nobody answered, and the next hop's hardware address was told by hand. */
const handmadeNeighbor: CauseRow = {
  code: 'handmade-neighbor',
  explain: ({ outcome, facts, destination }) => {
    const { last } = facts;
    const neighbor = last?.neighbor;
    if (outcome.verdict !== 'lost' || neighbor === undefined || neighbor === 'none' || neighbor.state !== 'permanent')
      return undefined;
    const device = linkNumbered(last, neighbor.index)?.name ?? outcome.last?.device?.name ?? 'DEVICE';
    const address = neighbor.address ?? destination.address;
    return {
      text: `It left by ${device} for ${neighbor.mac}, and no answer came: that ${address} has that hardware address was set by hand (a permanent entry), and nobody has confirmed it.`,
      evidence: [
        `kernel: last seen sent by ${device}`,
        `neighbour table of ${last?.place}: ${address} is ${neighbor.mac}, permanent`,
      ],
      verdict: 'lost',
      fixes: [
        {
          text: 'Forget the entry, so that the address is asked for',
          commands: [`ip neigh del ${address} dev ${device}`],
          undo: [`ip neigh replace ${address} lladdr ${neighbor.mac} nud permanent dev ${device}`],
        },
      ],
    };
  },
};

/** Causes of what ended in the wrong place. */
export const astrayRows = { takenElsewhere, answerUntranslated, sentNowhere, handmadeNeighbor };
