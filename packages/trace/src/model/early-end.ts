import type { Fix, TraceReport } from './report.ts';

/** A report of a trace, but for its schema and its time. */
export type EarlyEnd = Omit<TraceReport, 'schema' | 'milliseconds'>;

/** A trace that was over before there was a packet. */
export function ended(cause: NonNullable<TraceReport['cause']>, summary: string, fixes: readonly Fix[] = []): EarlyEnd {
  return {
    verdict: 'dropped',
    summary,
    capabilities: { packets: false, rules: false, missing: [] },
    hops: [],
    cause,
    fixes,
  };
}
