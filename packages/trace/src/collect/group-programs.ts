import { type ControlGroupProgram, controlGroupOf, controlGroupPrograms, wouldRefuse } from '@fairlead/kernel/tracing';
import type { SuspectProgram } from '../model/facts.ts';
import type { Sighting } from '../model/hops.ts';
import type { ProbeRoute } from '../probe-route.ts';

/** What is known about the control group of a process. */
export interface GroupPrograms {
  readonly group: string;
  /** Those that can refuse its traffic, its own group's and those of the groups above it. */
  readonly programs: readonly ControlGroupProgram[];
}

/** Programs that are asked for the traffic of a process; nothing when there is none, or it cannot be told. */
export function groupProgramsOf(pid: number | undefined): GroupPrograms | undefined {
  const group = pid === undefined ? undefined : controlGroupOf(pid);
  if (group === undefined) return undefined;
  try {
    const programs = controlGroupPrograms(group);
    return programs.length === 0 ? undefined : { group, programs };
  } catch {
    // Its group has gone with it, or this kernel does not let us ask.
    return undefined;
  }
}

/** Hooks whose programs judge packets, so that they can be asked again about one. */
const packetHooks = /^cgroup_inet_(in|e)gress$/;

/** The same programs, with what those that judge packets say of the one that was dropped. */
export function suspectPrograms(
  { programs }: GroupPrograms,
  drop: Sighting | undefined,
  { places, namespaces }: Pick<ProbeRoute, 'places' | 'namespaces'>,
): SuspectProgram[] {
  const bytes = drop?.bytes;
  const namespace = places.namespaceOf(drop?.namespace ?? 0);
  if (drop === undefined || bytes === undefined || namespace === undefined) return [...programs];
  return programs.map((program) => {
    const refuses =
      packetHooks.test(program.hook) &&
      namespaces.get(namespace).enter(() => wouldRefuse(program.id, bytes, drop.header.source)) === true;
    return refuses ? { ...program, refuses } : program;
  });
}
