import type { Family } from '@fairlead/base';
import type { LinkDetails } from '@fairlead/netlink';
import type { Case } from '../model/case.ts';
import { linkNamed, linkNumbered, type NeighborDrop } from '../model/facts.ts';
import type { Fix } from '../model/report.ts';
import { type Asker, askers, hasAddress, isUnknown, neighborEvidence, type Owner, ownerOf } from './asker.ts';
import { type CauseRow, sysctlFix } from './row.ts';

/** Whoever has the address does not say so. */
export const silentNeighbor: CauseRow = {
  code: 'neighbor-silent',
  explain: (trace) => {
    for (const asker of askers(trace).filter(isUnknown)) {
      const owner = ownerOf(asker.address, trace);
      if (owner === undefined || hasAddress(owner, asker.address) !== true) continue;
      const { text, evidence, fixes } = silence(trace, asker, owner);
      return {
        text: `${owner.name} has the address ${asker.address}, but ${asker.facts.place} does not learn so when it asks: ${text}.`,
        evidence: [neighborEvidence(asker), `${owner.name}: ${asker.address} is its own`, ...evidence],
        verdict: 'dropped',
        fixes,
      };
    }
    return undefined;
  },
};

/** Why a question is not answered, or why somebody does not learn so. */
export interface Silence {
  readonly text: string;
  readonly evidence: readonly string[];
  readonly fixes: readonly Fix[];
}

/** Why a neighbour that is there is not found. */
function silence(trace: Case, asker: Asker, owner: Owner): Silence {
  const { family } = trace;
  const told = family === 4 ? ignoringSilence(owner.name, owner.namespace, owner.facts?.sysctls ?? {}) : undefined;
  if (told !== undefined) return told;
  const filtered = family === 4 ? filteringSilence(trace, owner) : undefined;
  if (filtered !== undefined) return filtered;
  const solicits = Object.entries(asker.facts.sysctls).find(
    ([key, value]) => key.startsWith(`net.ipv${family}.`) && key.endsWith('.mcast_solicit') && value === '0',
  );
  if (solicits !== undefined) {
    const [key] = solicits;
    const change = { namespace: asker.namespace, key, value: '3', previous: '0' };
    const text = `${asker.facts.place} is told never to ask (${key} is 0)`;
    return { text, evidence: [`${key} = 0`], fixes: [sysctlFix(change, { text: 'Let it ask' })] };
  }
  const port = limitedPort(trace, owner) ?? droppedQuestion(trace, asker);
  if (port !== undefined) return port;
  const what = family === 4 ? 'a rule for ARP' : 'a rule for neighbour discovery (ICMPv6)';
  return {
    text: `${what}, in one of the two or on the bridge, keeps back the question or the answer`,
    evidence: [],
    fixes: [],
  };
}

/** Who has the address is told to ignore questions for it. */
export function ignoringSilence(
  name: string,
  namespace: string,
  sysctls: Readonly<Record<string, string>>,
): Silence | undefined {
  const [key] = Object.keys(sysctls).filter((each) => each.endsWith('.arp_ignore') && sysctls[each] !== '0');
  const value = key === undefined ? undefined : sysctls[key];
  if (key === undefined || value === undefined) return undefined;
  const change = { namespace, key, value: '0', previous: value };
  return {
    text: `${name} is told to ignore such questions (${key} is ${value})`,
    evidence: [`${key} = ${value}`],
    fixes: [sysctlFix(change, { text: 'Let it answer' })],
  };
}

/**
 * Who has the address only answers whom it would send to by the interface that was asked (`arp_filter`), and its route leads
 * elsewhere (net/ipv4/arp.c, arp_filter).
 */
function filteringSilence({ facts }: Case, { name, namespace, facts: own, link }: Owner): Silence | undefined {
  const sysctls = own?.sysctls ?? {};
  const key = Object.keys(sysctls).find((each) => each.endsWith('.arp_filter') && sysctls[each] !== '0');
  const way = own === facts.host ? own?.back : own?.onward;
  const previous = key === undefined ? undefined : sysctls[key];
  if (key === undefined || previous === undefined || way === undefined || link === undefined) return undefined;
  const outgoing = way.route?.outgoing;
  if (way.route !== undefined && (outgoing === undefined || outgoing === link.index)) return undefined;
  const device = outgoing === undefined ? undefined : (linkNumbered(own, outgoing)?.name ?? `interface ${outgoing}`);
  const where = device === undefined ? `has no way there (${way.errno})` : `sends there by ${device}`;
  return {
    text: `${name} only answers whom it would send to by the interface that was asked, ${link.name} (${key} is ${previous}), and ${where}`,
    evidence: [
      `${key} = ${previous}`,
      `route of ${name} to who asked: ${device === undefined ? way.errno : `dev ${device}`}`,
    ],
    fixes: [sysctlFix({ namespace, key, value: '0', previous }, { text: 'Let it answer whoever asks' })],
  };
}

/** Reasons for which a packet about neighbours is dropped that are no matter of course. */
export const seriousReasons = /^(NETFILTER_DROP|QDISC_DROP|TC_|XDP|FULL_RING|CPU_BACKLOG|BRIDGE_|IPV6DISABLED)/;

/** The kernel was seen to drop the question, or the answer. */
function droppedQuestion({ facts }: Case, asker: Asker): Silence | undefined {
  const drop = facts.neighborDrops?.find(
    ({ target, reason }) => target === asker.address && seriousReasons.test(reason),
  );
  return drop && droppedSilence(drop);
}

/** The kernel dropped the question or the answer. */
export function droppedSilence(drop: NeighborDrop): Silence {
  const { kind, place, device, reason, chains, family } = drop;
  const where = device === undefined ? place : `${place}, ${device}`;
  const what = family === 4 ? `the ${kind} of ARP` : `the ${kind} of neighbour discovery (ICMPv6)`;
  const which = chains.length === 0 ? '' : ` (chains that see it: ${chains.join(', ')})`;
  const by = reason === 'NETFILTER_DROP' ? `a rule drops ${what}${which}` : `${what} is dropped (${reason})`;
  return {
    text: `in ${where}, ${by}`,
    evidence: [
      `kernel: ${reason}${drop.function === undefined ? '' : ` in ${drop.function}`} (${where}), ${what} for ${drop.target}`,
    ],
    fixes:
      chains.length === 0
        ? []
        : [
            {
              text: 'Let such packets pass',
              commands: [...new Set(chains)].map((each) => `nft list chain ${each}`),
              undo: [],
            },
          ],
  };
}

/** Questions go to everybody, which a port of the bridge may be told not to pass on. */
function limitedPort(trace: Case, owner: Owner): Silence | undefined {
  const { facts, source, family } = trace;
  const sender = source.container?.attachments.flatMap(
    ({ hostInterface }) => linkNamed(facts.host, hostInterface) ?? [],
  );
  return portSilence(family, owner.port, sender);
}

/** A port of the bridge on the way, of who has the address or of who asks, keeps questions back. */
export function portSilence(
  family: Family,
  port: LinkDetails | undefined,
  sender: readonly LinkDetails[] = [],
): Silence | undefined {
  const flood = family === 4 ? 'bcast_flood off' : 'mcast_flood off';
  const candidates = [
    ...(port === undefined ? [] : [{ link: port, words: [flood, 'locked on'] }]),
    ...sender.map((link) => ({ link, words: ['locked on'] })),
  ];
  for (const { link, words } of candidates) {
    const limit = link.portLimits?.find((each) => words.includes(each));
    if (limit === undefined) continue;
    return {
      text: `the bridge port ${link.name} keeps back the question or the answer (${limit})`,
      evidence: [`${link.name}: ${limit}`],
      fixes: [
        {
          text: 'Let the port pass it',
          commands: [`bridge link set dev ${link.name} ${opposite(limit)}`],
          undo: [`bridge link set dev ${link.name} ${limit}`],
        },
      ],
    };
  }
  return undefined;
}

function opposite(setting: string): string {
  return setting.endsWith(' on') ? setting.replace(/ on$/, ' off') : setting.replace(/ off$/, ' on');
}
