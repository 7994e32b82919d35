import { join } from 'node:path';
import { FairleadError, lateModule, usualModule } from '@fairlead/base';
import { isOwnAlias } from '@fairlead/drivers';
import type { DiagnosisService, EnginePort } from '@fairlead/engine';
import type { Kernel } from '@fairlead/kernel';
import { type Change, describeChange } from '@fairlead/netlink';
import type { Claim } from '@fairlead/network';
import type { Collection } from '@fairlead/store';
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
import type { FlowLog } from '@fairlead/trace/flows';
import type { Journal } from '@fairlead/trace/journal';
import type { BorrowedSysctl } from './borrowed-sysctl.ts';

const trace = usualModule(() => import('@fairlead/trace'));
const captures = lateModule(() => import('@fairlead/trace/capture'));
const journals = lateModule(() => import('@fairlead/trace/journal'));
const flowService = lateModule(() => import('./flow-service.ts'));
const places = usualModule(() => import('./place-directory.ts'));

/** Milliseconds: a neighbour that was asked for in vain is only asked for again after a second. */
const PATIENCE_AFTER_FIX = 2000;

/** What the diagnosis stands on. */
export interface DiagnosisParts {
  readonly engine: () => EnginePort;
  readonly kernel: Kernel;
  readonly borrowed: Collection<BorrowedSysctl>;
  /** Flows that are kept when they have ended. */
  readonly flowHistory: number;
  /** Where the journal is. */
  readonly dataRoot: string;
}

/** Hears of what others take away and claim, and of what was put back. */
export interface RivalListener {
  noteRepair(lost: readonly string[], made: readonly Change[]): void;
  noteClaim(claim: Claim): void;
}

/** The way to the network's diagnosis, all of it loaded with its first use. Whatever listens for it ends with it. */
export class Diagnosis implements DiagnosisService, RivalListener, AsyncDisposable {
  readonly #parts: DiagnosisParts;
  #journal: Promise<Journal> | undefined;
  #flowLog: Promise<FlowLog> | undefined;
  #started: Promise<void> = Promise.resolve();
  #isEnding = false;

  constructor(parts: DiagnosisParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    this.#started = this.#begin();
    await this.#started;
  }

  async #begin(): Promise<void> {
    if (this.#isEnding) return;
    await this.#openJournal();
    if (this.#parts.flowHistory > 0 && !this.#isEnding) await (await this.#openFlowLog()).start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    // What is being set up just now is there by then, and taken away as well.
    await this.#started.catch(() => undefined);
    await (await this.#flowLog)?.[Symbol.asyncDispose]();
    (await this.#journal?.catch(() => undefined))?.[Symbol.dispose]();
  }

  noteRepair(lost: readonly string[], made: readonly Change[]): void {
    void this.#journal?.then((journal) => journal.repaired(lost, made.map(describeChange)));
  }

  noteClaim(claim: Claim): void {
    void this.#openJournal().then((journal) => journal.claimed(claim));
  }

  async journal(filter: JournalFilter): Promise<readonly JournalEntry[]> {
    return (await this.#openJournal()).entries(filter);
  }

  async *followJournal(filter: JournalFilter, signal: AbortSignal): AsyncGenerator<JournalEntry> {
    yield* (await this.#openJournal()).follow(filter, signal);
  }

  async flows(filter: FlowFilter): Promise<readonly FlowLine[]> {
    return await (await this.#openFlowLog()).list(filter);
  }

  async *followFlows(filter: FlowFilter, signal: AbortSignal): AsyncGenerator<FlowLine> {
    yield* (await this.#openFlowLog()).follow(filter, signal);
  }

  async capture(request: CaptureRequest, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const [{ capturePackets }, readDirectory] = await Promise.all([captures(), this.#directory()]);
    return capturePackets(request, readDirectory(), signal);
  }

  async *drops(signal: AbortSignal): AsyncGenerator<DropLine> {
    const [{ watchAllDrops }, readDirectory] = await Promise.all([this.#tracing(), this.#directory()]);
    yield* watchAllDrops(readDirectory, signal);
  }

  async examine(): Promise<DoctorReport> {
    const [{ examineHost }, readDirectory] = await Promise.all([this.#tracing(), this.#directory()]);
    return await examineHost(readDirectory);
  }

  async reach(reference: string, port?: number): Promise<readonly PortReach[]> {
    const [{ examineReach }, readDirectory] = await Promise.all([this.#tracing(), this.#directory()]);
    const directory = readDirectory();
    const { containers, networks: all } = this.#parts.engine();
    const { container, networks } = await containers.inspect(reference);
    const ports = all
      .admissions(container.id)
      .filter(({ containerPorts: { first, last } }) => port === undefined || (first <= port && port <= last));
    if (ports.length === 0) throw new FairleadError('not-found', nothingPublished(container.name, port));
    const obstacles = networks.flatMap(({ network }) => (network ? all.obstacles(network) : []));
    return await examineReach(container.name, ports, { directory, obstacles });
  }

  async trace({ apply, agreed, ...request }: TraceRequest, tell?: TraceListener): Promise<TraceReport> {
    const [{ chooseFix, tracePacket, tryFix }, readDirectory] = await Promise.all([this.#tracing(), this.#directory()]);
    const options = tell === undefined ? {} : { tell };
    const report = await tracePacket(request, readDirectory(), options);
    if (apply === undefined) return report;
    const fix = chooseFix(report, apply, agreed);
    const { kernel } = this.#parts;
    await kernel.recorder.operation(`trace fix: ${fix.text}`, () => tryFix(kernel, fix));
    const timeout = Math.max(request.timeout ?? 0, PATIENCE_AFTER_FIX);
    const after = await tracePacket({ ...request, timeout }, readDirectory(), options);
    const { text, commands, undo } = fix;
    return { ...after, applied: { text, commands, undo, before: report.summary } };
  }

  /**
   * Have the kernel make what the first trace needs, which takes longer than all else of it, and have all that is done for one
   * done once: it is compiled then.
   */
  async prepare(): Promise<void> {
    const [{ canTapPackets, rehearseTrace }, readDirectory] = await Promise.all([this.#tracing(), this.#directory()]);
    readDirectory();
    if (canTapPackets()) await rehearseTrace();
  }

  async #tracing() {
    const module = await trace();
    module.keepKernelLayout(join(this.#parts.dataRoot, 'kernel-layout.json'));
    return module;
  }

  /** Reads who is who, as often as it is called. */
  async #directory() {
    const { readDirectory } = await places();
    return () => readDirectory(this.#parts.engine());
  }

  #openJournal(): Promise<Journal> {
    const { dataRoot: folder, kernel } = this.#parts;
    this.#journal ??= journals().then(
      (module) => new module.Journal({ folder, recorder: kernel.recorder, isOwn: isOwnAlias }),
    );
    return this.#journal;
  }

  #openFlowLog(): Promise<FlowLog> {
    const { engine, kernel, borrowed, flowHistory: history } = this.#parts;
    this.#flowLog ??= flowService().then(({ makeFlowLog }) =>
      makeFlowLog({ engine: engine(), kernel, borrowed, history }),
    );
    return this.#flowLog;
  }
}

function nothingPublished(name: string, port: number | undefined): string {
  return port === undefined
    ? `container ${name} publishes nothing now`
    : `port ${port} of container ${name} is not published`;
}
