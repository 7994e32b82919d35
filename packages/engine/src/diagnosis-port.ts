import type {
  CaptureRequest,
  DoctorReport,
  DropLine,
  FlowFilter,
  FlowLine,
  JournalEntry,
  JournalFilter,
  PortReach,
  TraceListener,
  TraceReport,
  TraceRequest,
} from '@fairlead/trace';

/** Finds out what is wrong with the network. */
export interface DiagnosisService {
  /**
   * Follow one packet from one place to another.
   *
   * @param tell told of what is sent, and of each hop as it is seen.
   * @throws FairleadError `invalid-argument`, `not-found` or `conflict` when the request makes no sense.
   */
  trace(request: TraceRequest, tell?: TraceListener): Promise<TraceReport>;
  /** Look at the whole network, and prove with packets what can be proved; changes nothing. */
  examine(): Promise<DoctorReport>;
  /**
   * Who can reach what a container publishes; rules of others are taken into account, by packets where they can be sent.
   *
   * @param port of the container; absent means all.
   * @throws FairleadError `not-found` for a container that is not there, and one that publishes nothing.
   */
  reach(container: string, port?: number): Promise<readonly PortReach[]>;
  /** Packets as the kernel drops them, until the signal. @throws FairleadError `not-implemented` where that cannot be seen. */
  drops(signal: AbortSignal): AsyncIterable<DropLine>;
  /**
   * Capture packets: a pcapng file, a piece at a time, until the signal.
   *
   * @throws FairleadError when the request makes no sense: nothing has begun then.
   */
  capture(request: CaptureRequest, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Begin to keep what is to be kept, once the engine has started. */
  start(): Promise<void>;
  /** Do in advance what the first trace would wait for. */
  prepare(): Promise<void>;
  /** Connections that there are, after those that have ended and are kept. */
  flows(filter: FlowFilter): Promise<readonly FlowLine[]>;
  /** Connections as there is news of them, until the signal. */
  followFlows(filter: FlowFilter, signal: AbortSignal): AsyncIterable<FlowLine>;
  /** What was done to the network, by us and by others, oldest first. */
  journal(filter: JournalFilter): Promise<readonly JournalEntry[]>;
  /** The same as it is done, until the signal; before that what is kept when a beginning is given. */
  followJournal(filter: JournalFilter, signal: AbortSignal): AsyncIterable<JournalEntry>;
}
