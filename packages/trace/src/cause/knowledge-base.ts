import type { Case } from '../model/case.ts';
import type { Cause, Fix, Verdict } from '../model/report.ts';
import { firewallRows } from './firewall-rows.ts';
import { linkRows } from './link-rows.ts';
import { routeRows } from './route-rows.ts';
import { type CauseRow, dropEvidence } from './row.ts';
import { socketRows } from './socket-rows.ts';

/** What is said when nothing better is known: what the kernel said. */
const otherwise: readonly CauseRow[] = [
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

/** All rows, the surest first: what a rule or a socket says counts more than what the state of an interface suggests. */
export const causeRows: readonly CauseRow[] = [
  ...firewallRows,
  ...routeRows.slice(0, 6),
  ...socketRows,
  ...linkRows,
  ...routeRows.slice(6),
  ...otherwise,
];

/** The first row that fits says why. */
export function explainCause(trace: Case): {
  readonly cause?: Cause;
  readonly fixes: readonly Fix[];
  readonly verdict: Verdict;
} {
  for (const { code, explain } of causeRows) {
    const found = explain(trace);
    if (found === undefined) continue;
    const { text, evidence, fixes = [], verdict = trace.outcome.verdict } = found;
    return { cause: { code, text, evidence }, fixes, verdict };
  }
  return { fixes: [], verdict: trace.outcome.verdict };
}
