import { addressOf } from '@fairlead/base';
import type { Case } from '../model/case.ts';
import { linkNumbered, type NamespaceFacts, refusalOf } from '../model/facts.ts';
import { findRouteFix, namespaceOf } from './route-rows.ts';
import { type CauseRow, commandIn, dropEvidence, sysctlFix } from './row.ts';

const reversePath: CauseRow = {
  code: 'reverse-path',
  explain: (trace) => {
    const { outcome, facts } = trace;
    if (outcome.drop?.reason !== 'IP_RPFILTER') return undefined;
    const last = facts.last;
    const strict = Object.entries(last?.sysctls ?? {}).filter(
      ([key, value]) => key.endsWith('rp_filter') && value !== '0',
    );
    const [key, value] = strict.find(([name]) => !name.includes('.all.')) ??
      strict[0] ?? ['net.ipv4.conf.all.rp_filter', '1'];
    const back = linkNumbered(last, last?.back?.route?.outgoing)?.name;
    const came = outcome.drop.device?.name;
    return {
      text: `Reverse path filtering drops it: it came in by ${came}, but ${last?.place} would answer ${outcome.drop.header.source} by ${back ?? 'no interface'}.`,
      evidence: [dropEvidence(trace), `${key} = ${value}`, `way back: ${back ?? last?.back?.errno ?? 'none'}`],
      fixes: [
        sysctlFix(
          { namespace: namespaceOf(trace, last), key, value: '2', previous: value },
          {
            text: 'Filter loosely: let the source be reachable by any interface',
            scope: `packets that come in by ${came}`,
          },
        ),
      ],
    };
  },
};

/** It arrived, but where it arrived nobody knows the way back. */
const noWayBack: CauseRow = {
  code: 'no-way-back',
  explain: (trace) => {
    const { outcome, facts, destination, observation } = trace;
    const there = facts.destination ?? farEnd(trace);
    const back = facts.destination?.onward ?? there?.back;
    const isDone = outcome.reply?.role === 'answer' && outcome.drop?.device?.name !== 'lo';
    if (there === undefined || back === undefined || isDone) return undefined;
    const outgoing = linkNumbered(there, back.route?.outgoing);
    const toItself = outgoing?.name === 'lo' && trace.facts.source.inode !== there.inode;
    const isMissing =
      back.errno !== undefined || (back.route.type !== 'unicast' && back.route.type !== 'local') || toItself;
    const arrived = observation.sightings.some(
      ({ role, namespace, event }) => role === 'request' && event === 'received' && namespace === there.inode,
    );
    if (!isMissing || !arrived || destination.namespace === '') return undefined;
    const place = there.place;
    const namespace = trace.namespaceName(there.inode) ?? '';
    const last = outcome.last?.header.source ?? trace.source.address;
    const route = `ip ${trace.family === 6 ? '-6 ' : ''}route`;
    const refusal = refusalOf(back);
    if (refusal !== undefined || toItself) {
      const what =
        refusal === undefined
          ? `a route in ${place} leads ${last} to ${place} itself (lo)`
          : `a ${refusal} route or rule in ${place} refuses ${last}`;
      return {
        text: `It reached ${place}, which cannot answer: ${what}.`,
        evidence: [
          dropEvidence(trace),
          `route lookup in ${place} for ${last}: ${back.errno ?? outgoing?.name ?? back.route.type}`,
        ],
        verdict: 'dropped',
        fixes: [findRouteFix(namespace, trace, refusal)],
      };
    }
    return {
      text: `It reached ${place}, but ${place} has no route to ${last}, so it cannot answer.`,
      evidence: [dropEvidence(trace), `route lookup in ${place} for ${last}: ${back.errno ?? back.route.type}`],
      verdict: 'dropped',
      fixes: [
        {
          text: `Give ${place} its default route back (or restart it)`,
          commands: [commandIn(namespace, `${route} add default via GATEWAY`)],
          undo: [commandIn(namespace, `${route} del default`)],
        },
      ],
    };
  },
};

/** A namespace of no container that has the address, behind a tunnel or a cable, and took the packet. */
function farEnd({ facts: { last }, outcome, destination }: Case): NamespaceFacts | undefined {
  if (destination.container !== undefined || destination.local || outcome.last?.event !== 'received') return undefined;
  const has = last?.addresses?.some((own) => addressOf(own) === outcome.last?.header.destination) === true;
  return has && last.inode === outcome.last.namespace ? last : undefined;
}

/** Causes that the way back tells. */
export const wayBackRows = { reversePath, noWayBack };
