import type { DiagnosisService, EnginePort } from '@fairlead/engine';

/** The way to the network's diagnosis. What it is made of is only loaded when somebody asks: a start must not wait. */
export function diagnosisService(engine: () => EnginePort): DiagnosisService {
  return {
    async trace(request) {
      const [{ tracePacket }, { readDirectory }] = await Promise.all([
        import('@fairlead/trace'),
        import('./place-directory.ts'),
      ]);
      return await tracePacket(request, readDirectory(engine()));
    },
  };
}
