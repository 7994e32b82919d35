import type { Service } from './service-model.ts';

/** What an event tells of a change, in dockerd's words (moby, daemon/events.go). */
export function serviceChanges(before: Service, after: Service): Readonly<Record<string, string>> {
  return {
    name: after.spec.name,
    ...changed('image', before.spec.taskTemplate.containerSpec?.image, after.spec.taskTemplate.containerSpec?.image),
    ...changed('replicas', replicasOf(before), replicasOf(after)),
    ...(after.updateStatus !== undefined &&
      changed('updatestate', before.updateStatus?.state, after.updateStatus.state)),
  };
}

function replicasOf({ spec }: Service): string | undefined {
  return spec.mode.replicated && String(spec.mode.replicated.replicas ?? 0);
}

function changed(what: string, before: string | undefined, after: string | undefined) {
  if (before === after) return {};
  return {
    ...(before !== undefined && { [`${what}.old`]: before }),
    ...(after !== undefined && { [`${what}.new`]: after }),
  };
}
