import { join } from 'node:path';
import { FairleadError, lateModule } from '@fairlead/base';
import { isOwnAlias } from '@fairlead/drivers';
import type { DiagnosisService, EnginePort } from '@fairlead/engine';
import type { Kernel } from '@fairlead/kernel';
import { type Change, describeChange } from '@fairlead/netlink';
import type { Claim } from '@fairlead/network';
import type { Collection } from '@fairlead/store';
import type { FlowLog } from '@fairlead/trace/flows';
import type { Journal } from '@fairlead/trace/journal';
import type { BorrowedSysctl } from './borrowed-sysctl.ts';

const trace = lateModule(() => import('@fairlead/trace'));
const captures = lateModule(() => import('@fairlead/trace/capture'));
const journals = lateModule(() => import('@fairlead/trace/journal'));
const flowService = lateModule(() => import('./flow-service.ts'));
const places = lateModule(() => import('./place-directory.ts'));

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

/** The way to the network's diagnosis. Whatever listens for it ends with it. */
export function diagnosisService(parts: DiagnosisParts): DiagnosisService & RivalListener & AsyncDisposable {
  const { engine, kernel, borrowed, flowHistory: history } = parts;
  const tracing = async () => {
    const module = await trace();
    module.keepKernelLayout(join(parts.dataRoot, 'kernel-layout.json'));
    return module;
  };
  let flowLog: Promise<FlowLog> | undefined;
  const flows = (): Promise<FlowLog> => {
    flowLog ??= flowService().then(({ makeFlowLog }) => makeFlowLog({ engine: engine(), kernel, borrowed, history }));
    return flowLog;
  };
  let opening: Promise<Journal> | undefined;
  const journal = (): Promise<Journal> => {
    opening ??= journals().then(
      ({ Journal }) => new Journal({ folder: parts.dataRoot, recorder: kernel.recorder, isOwn: isOwnAlias }),
    );
    return opening;
  };
  return {
    noteRepair(lost, made) {
      void opening?.then((open) => open.repaired(lost, made.map(describeChange)));
    },
    noteClaim(claim) {
      void journal().then((open) => open.claimed(claim));
    },
    async journal(filter) {
      return (await journal()).entries(filter);
    },
    async *followJournal(filter, signal) {
      yield* (await journal()).follow(filter, signal);
    },
    async capture(request, signal) {
      const [{ capturePackets }, { readDirectory }] = await Promise.all([captures(), places()]);
      return capturePackets(request, readDirectory(engine()), signal);
    },
    async flows(filter) {
      return await (await flows()).list(filter);
    },
    async *followFlows(filter, signal) {
      yield* (await flows()).follow(filter, signal);
    },
    async start() {
      await journal();
      if (history > 0) await (await flows()).start();
    },
    async [Symbol.asyncDispose]() {
      await (await flowLog)?.[Symbol.asyncDispose]();
      (await opening?.catch(() => undefined))?.[Symbol.dispose]();
    },
    async examine() {
      const [{ examineHost }, { readDirectory }] = await Promise.all([tracing(), places()]);
      return await examineHost(() => readDirectory(engine()));
    },
    async reach(reference, port) {
      const [{ examineReach }, { readDirectory }] = await Promise.all([tracing(), places()]);
      const directory = readDirectory(engine());
      const { container, networks } = await engine().containers.inspect(reference);
      const ports = engine()
        .networks.admissions(container.id)
        .filter(({ containerPorts: { first, last } }) => port === undefined || (first <= port && port <= last));
      if (ports.length === 0) throw new FairleadError('not-found', nothingPublished(container.name, port));
      const obstacles = networks.flatMap(({ network }) => (network ? engine().networks.obstacles(network) : []));
      return await examineReach(container.name, ports, { directory, obstacles });
    },
    async *drops(signal) {
      const [{ watchAllDrops }, { readDirectory }] = await Promise.all([tracing(), places()]);
      yield* watchAllDrops(() => readDirectory(engine()), signal);
    },
    async trace({ apply, ...request }, tell) {
      const [{ tracePacket, tryFix }, { readDirectory }] = await Promise.all([tracing(), places()]);
      const options = tell === undefined ? {} : { tell };
      const report = await tracePacket(request, readDirectory(engine()), options);
      if (apply === undefined) return report;
      const fix = report.fixes[apply - 1];
      if (fix === undefined)
        throw new FairleadError('invalid-argument', `there is no fix ${apply} for: ${report.summary}`);
      await kernel.recorder.operation(`trace fix: ${fix.text}`, () => tryFix(kernel, fix));
      const timeout = Math.max(request.timeout ?? 0, PATIENCE_AFTER_FIX);
      const after = await tracePacket({ ...request, timeout }, readDirectory(engine()), options);
      const { text, commands, undo } = fix;
      return { ...after, applied: { text, commands, undo, before: report.summary } };
    },
  };
}

function nothingPublished(name: string, port: number | undefined): string {
  return port === undefined
    ? `container ${name} publishes nothing now`
    : `port ${port} of container ${name} is not published`;
}
