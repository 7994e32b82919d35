import { FairleadError } from '@fairlead/base';
import { type RealtimeShare, readHostFacts } from '@fairlead/runtime';
import { readSeccompDefault } from './container-flags.ts';
import type { DaemonOptions } from './options.ts';

/** What the operator wants of containers that has to be looked for on the machine; see `EngineSettings`. */
export interface ContainersByDefault {
  readonly seccompProfile: string | undefined;
  readonly realtime: RealtimeShare | undefined;
}

/** @throws FairleadError `invalid-argument` in dockerd's words for what is not to be had. */
export async function containersByDefault(options: DaemonOptions): Promise<ContainersByDefault> {
  return { seccompProfile: readSeccompDefault(options.seccompProfile), realtime: await realtimeShare(options) };
}

async function realtimeShare({ realtime }: DaemonOptions): Promise<RealtimeShare | undefined> {
  if (realtime.period === 0 && realtime.runtime === 0) return undefined;
  const { realtimeFault } = await import('@fairlead/runtime/spec');
  const fault = realtimeFault(readHostFacts().unifiedCgroup);
  if (fault !== undefined) throw new FairleadError('invalid-argument', fault);
  return realtime;
}
