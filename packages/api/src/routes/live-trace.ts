import type { DiagnosisService, TraceNews, TraceReport, TraceRequest } from '@fairlead/engine';
import { asTold, begun } from '../http/as-told.ts';
import { type ApiResponse, jsonLines } from '../http/response.ts';

/**
 * A trace as it goes on: a line for the probe, one for each hop as it is seen, and the report.
 *
 * @throws FairleadError for a question that makes no sense, before anything is answered.
 */
export async function liveTrace(diagnosis: DiagnosisService, wanted: TraceRequest): Promise<ApiResponse> {
  const news = asTold<TraceNews, { readonly report: TraceReport }>(async (tell) => ({
    report: await diagnosis.trace(wanted, tell),
  }));
  return jsonLines(await begun(news));
}
