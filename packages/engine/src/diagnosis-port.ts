import type { DoctorReport, DropReport, TraceReport, TraceRequest } from '@fairlead/trace';

/** Finds out what is wrong with the network. */
export interface DiagnosisService {
  /**
   * Follow one packet from one place to another.
   *
   * @throws FairleadError `invalid-argument`, `not-found` or `conflict` when the request makes no sense.
   */
  trace(request: TraceRequest): Promise<TraceReport>;
  /** Look at the whole network, and prove with packets what can be proved; changes nothing. */
  examine(): Promise<DoctorReport>;
  /** Packets as the kernel drops them, until the signal. @throws FairleadError `not-implemented` where that cannot be seen. */
  drops(signal: AbortSignal): AsyncIterable<DropReport>;
}
