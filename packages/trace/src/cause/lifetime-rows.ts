import type { Case } from '../model/case.ts';
import { foreignSteps, removeRule, stepText } from './astray-rows.ts';
import { type CauseRow, dropEvidence, type Explanation, onwardText } from './row.ts';

/** It came back to where it began. */
const cameBack: CauseRow = {
  code: 'routing-loop',
  explain: (trace) => {
    const { outcome, source, facts } = trace;
    const { drop } = outcome;
    if (drop?.reason !== 'IP_LOCAL_SOURCE' || drop.namespace !== facts.source.inode) return undefined;
    return {
      text: `The packet of ${source.name} came back to ${source.name}: a route for ${trace.destination.address} leads there.`,
      evidence: [dropEvidence(trace), ...(facts.host === undefined ? [] : [onwardText(facts.host)])],
      fixes: [
        {
          text: 'Take the route away',
          commands: [`ip route get ${trace.destination.address}`, 'ip route del PREFIX'],
          undo: [],
        },
      ],
    };
  },
};

function isLifetimeOver({ outcome: { drop, reply } }: Case): boolean {
  const icmp = reply?.header;
  const isTold = (icmp?.family === 4 && icmp.type === 11) || (icmp?.family === 6 && icmp.type === 3);
  return isTold || /TTL|HOPLIMIT/.test(drop?.reason ?? '');
}

const lifetimeOver: CauseRow = {
  code: 'routing-loop',
  explain: (trace) => {
    if (!isLifetimeOver(trace)) return undefined;
    return {
      text: 'It went round in circles until its time to live was over: two routes point at each other.',
      evidence: [dropEvidence(trace)],
    };
  },
};

/** One that ended where it first had to be passed on was not given enough, or somebody took it from it. */
function shortLifetime(trace: Case): Explanation | undefined {
  const { observation, outcome, placeName } = trace;
  const requests = observation.sightings.filter(({ role }) => role === 'request');
  const [first] = requests;
  const last = outcome.drop ?? outcome.last;
  if (first === undefined || last === undefined) return undefined;
  const rounds = requests.filter(
    ({ event, namespace, device }) =>
      event === 'received' && namespace === last.namespace && device?.index === last.device?.index,
  );
  if (rounds.length > 1) return undefined;
  const place = placeName(last.namespace);
  const rule = foreignSteps(trace).find(({ text }) => /\bttl set\b|\bhoplimit set\b|"(TTL|HL)"/.test(text));
  const given = first.header.lifetime;
  const why =
    rule === undefined
      ? `it was sent with ${given}`
      : `a rule of ${rule.owner} (table ${rule.family} ${rule.table}, chain ${rule.chain}) has changed it`;
  return {
    text: `Its time to live was over when ${place} had to pass it on: ${why}.`,
    evidence: [dropEvidence(trace), `sent with a time to live of ${given}`, ...(rule ? [stepText(rule)] : [])],
    fixes: rule ? [removeRule(rule)] : [],
  };
}

const lifetimeShort: CauseRow = {
  code: 'lifetime-too-short',
  explain: (trace) => (isLifetimeOver(trace) ? shortLifetime(trace) : undefined),
};

/** Causes of what went round and round, or was not given enough time to live. */
export const lifetimeRows = { cameBack, lifetimeShort, lifetimeOver };
