import { FairleadError, lateModule } from '@fairlead/base';
import type { DiagnosisService, EnginePort } from '@fairlead/engine';
import type { Kernel } from '@fairlead/kernel';

const trace = lateModule(() => import('@fairlead/trace'));
const places = lateModule(() => import('./place-directory.ts'));

/** Milliseconds: a neighbour that was asked for in vain is only asked for again after a second. */
const PATIENCE_AFTER_FIX = 2000;

/** The way to the network's diagnosis. */
export function diagnosisService(engine: () => EnginePort, kernel: Kernel): DiagnosisService {
  return {
    async examine() {
      const [{ examineHost }, { readDirectory }] = await Promise.all([trace(), places()]);
      return await examineHost(readDirectory(engine()));
    },
    async *drops(signal) {
      const [{ watchAllDrops }, { readDirectory }] = await Promise.all([trace(), places()]);
      yield* watchAllDrops(() => readDirectory(engine()), signal);
    },
    async trace({ apply, ...request }) {
      const [{ tracePacket, tryFix }, { readDirectory }] = await Promise.all([trace(), places()]);
      const report = await tracePacket(request, readDirectory(engine()));
      if (apply === undefined) return report;
      const fix = report.fixes[apply - 1];
      if (fix === undefined)
        throw new FairleadError('invalid-argument', `there is no fix ${apply} for: ${report.summary}`);
      await kernel.recorder.operation(`trace fix: ${fix.text}`, () => tryFix(kernel, fix));
      const timeout = Math.max(request.timeout ?? 0, PATIENCE_AFTER_FIX);
      const after = await tracePacket({ ...request, timeout }, readDirectory(engine()));
      const { text, commands, undo } = fix;
      return { ...after, applied: { text, commands, undo, before: report.summary } };
    },
  };
}
