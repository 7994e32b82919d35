import type { LegacyDrop } from '../legacy/legacy-drops.ts';
import type { Case } from '../model/case.ts';
import type { Fix } from '../model/report.ts';
import { type CauseRow, commandIn, dropEvidence } from './row.ts';

/** A rule of the older iptables, which nftables' trace does not see: its counters tell which one. */
export const legacyIptables: CauseRow = {
  code: 'legacy-iptables',
  explain: (trace) => {
    const { drop, rule } = trace.outcome;
    const tables = trace.facts.last?.legacyTables ?? [];
    const isBlamed = drop?.reason === 'NETFILTER_DROP' && rule === undefined && drop.function !== 'nft_do_chain';
    if (!isBlamed || tables.length === 0) return undefined;
    const suspects = suspectsOf(trace);
    const place = trace.placeName(drop.namespace);
    return {
      text: `In ${place}, a rule of the older iptables (${programOf(trace)}) dropped it, which nftables does not see: ${whichText(trace, suspects)}.`,
      evidence: [
        dropEvidence(trace),
        'nft trace: no rule of nftables dropped it',
        `/proc/net/ip_tables_names in ${place}: ${tables.join(', ')}`,
        ...suspects.map((suspect) => `${lineOf(suspect)}: its counter has gone up meanwhile`),
      ],
      verdict: 'dropped',
      fixes: fixesOf(trace, suspects, tables),
    };
  },
};

function programOf({ outcome: { drop }, family }: Case): string {
  return (drop?.header.family ?? family) === 4 ? 'iptables-legacy' : 'ip6tables-legacy';
}

/** Rules and policies that have counted packets meanwhile and that are on its way; any others may be busy with others'. */
function suspectsOf(trace: Case): readonly LegacyDrop[] {
  const counted = trace.facts.legacyDrops ?? [];
  const own = counted.filter(({ table }) => table.startsWith(programOf(trace) === 'iptables-legacy' ? 'ip ' : 'ip6 '));
  const hooks = hooksOnItsWay(trace);
  return own.filter((suspect) => suspect.hooks.some((hook) => hooks.includes(hook)));
}

/** Built-in chains that it met where it was dropped, by the way it was going. */
function hooksOnItsWay({ outcome: { drop }, observation, facts }: Case): readonly string[] {
  const cameIn = observation.sightings.some(
    ({ role, namespace, event }) => role === drop?.role && namespace === drop.namespace && event === 'received',
  );
  if (!cameIn) return ['OUTPUT', 'POSTROUTING'];
  const isForUs = facts.last?.onward?.route?.type === 'local';
  return isForUs ? ['PREROUTING', 'INPUT'] : ['PREROUTING', 'FORWARD', 'POSTROUTING'];
}

function whichText(trace: Case, suspects: readonly LegacyDrop[]): string {
  const [suspect] = suspects;
  if (suspects.length === 1 && suspect !== undefined) {
    const { chain, hooks } = suspect;
    const from = hooks.includes(chain) ? '' : `, which ${hooks.join(' and ')} lead${hooks.length === 1 ? 's' : ''} to`;
    return `table ${suspect.table.split(' ')[1]}, chain ${chain}${from}: ${suspect.text}`;
  }
  if (suspects.length > 1)
    return `it is one of ${suspects.map(lineOf).join('; ')}, which have all met packets meanwhile`;
  const chains = hooksOnItsWay(trace).join(', ');
  const why = trace.facts.legacyDrops === undefined ? 'its counters were not looked at before' : 'no counter tells';
  return `which one is not known (${why}); on its way it meets the chains ${chains}`;
}

/** `ip filter FORWARD: -p tcp -j DROP`. */
function lineOf({ table, chain, text }: LegacyDrop): string {
  return `${table} ${chain}: ${text}`;
}

function fixesOf(trace: Case, suspects: readonly LegacyDrop[], tables: readonly string[]): Fix[] {
  const program = programOf(trace);
  const namespace = trace.namespaceName(trace.outcome.drop?.namespace ?? 0);
  const [suspect] = suspects;
  if (suspects.length !== 1 || suspect === undefined) {
    const commands = tables.map((table) => commandIn(namespace, `${program} -t ${table} -vnL`));
    return [{ text: 'Look which rule counts, and let the packet pass before it', commands, undo: [] }];
  }
  const table = suspect.table.split(' ')[1] ?? 'filter';
  const command = (option: string) =>
    commandIn(namespace, `${program} -t ${table} ${option} ${suspect.chain} ${matchText(trace)} -j ACCEPT`);
  return [{ text: 'Let the packet pass before it', commands: [command('-I')], undo: [command('-D')] }];
}

/** What tells the packet from others where it was dropped; of an answer, where it comes from. */
function matchText({ outcome: { drop }, protocol, destination }: Case): string {
  const isAnswer = drop?.role === 'answer';
  const address = (isAnswer ? drop.header.source : drop?.header.destination) ?? destination.address;
  const port = isAnswer ? drop.header.sourcePort : drop?.header.destinationPort;
  const side = isAnswer ? `-s ${address}` : `-d ${address}`;
  return port === undefined ? side : `${side} -p ${protocol} --${isAnswer ? 's' : 'd'}port ${port}`;
}
