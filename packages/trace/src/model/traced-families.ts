import type { ChainSummary } from '@fairlead/netlink';
import type { TraceTable } from '@fairlead/netlink/tracing';
import { traceTablePrefix } from './rule-passes.ts';

/** Families of tables that can switch tracing on. */
export type TracedFamily = TraceTable['family'];

/** All of them: packets are seen at the hooks of each also where there is no rule. */
export const allTracedFamilies: ReadonlySet<TracedFamily> = new Set(['inet', 'bridge', 'netdev']);

/** Only changes answers to questions for names, where these come in over loopback: nothing is to be heard of it. */
const OWN_INGRESS = 'fairlead-answers';

/** Where our own tables stand (`TraceTable`): what comes before them is only told of by those that stand even earlier. */
const FIRST = -500;

/**
 * Families in which tracing has to be switched on to hear of every rule of others. Each takes its time of every packet that
 * passes its hooks, whosever it is, so what has no rules that come after it is left out.
 *
 * @param chains all those of a namespace.
 */
export function tracedFamilies(chains: readonly ChainSummary[]): ReadonlySet<TracedFamily> {
  const hooked = chains.filter(
    ({ table, hook }) => hook !== undefined && !table.startsWith(traceTablePrefix) && table !== OWN_INGRESS,
  );
  if (hooked.some(isEarly)) return allTracedFamilies;
  const families = new Set<TracedFamily>();
  // What a host sends over a bridge is only met as the host's own before the bridge has it.
  if (hooked.some(({ family }) => family !== 'arp')) families.add('inet');
  if (hooked.some(({ family }) => family === 'bridge')) families.add('bridge');
  return families;
}

/** True for a chain that packets may meet before they have passed a bridge, or before our own. */
function isEarly({ family, hook, priority = 0 }: ChainSummary): boolean {
  return family === 'netdev' || hook === 'ingress' || (family !== 'arp' && priority <= FIRST);
}
