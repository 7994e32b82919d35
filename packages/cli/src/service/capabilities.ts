import { compareText } from '@fairlead/base';

/** Capabilities that a container has besides or without those that all have. */
export interface Capabilities {
  readonly add: readonly string[];
  readonly drop: readonly string[];
}

/** Capabilities of a new service: what is added is not dropped (docker/cli, opts/capabilities.go). */
export function newCapabilities({ add, drop }: Capabilities): Capabilities {
  const added = new Set(add.map(normalized));
  const dropped = new Set(drop.map(normalized)).difference(added);
  const written = (set: ReadonlySet<string>) => capabilityList(set.difference(new Set(['RESET'])));
  return { add: written(added), drop: written(dropped) };
}

/**
 * Capabilities of a service after `--cap-add` and `--cap-drop`: what was dropped and is added is neither from then on, and
 * the other way round; `RESET` forgets what was there.
 */
export function changedCapabilities(before: Capabilities, asked: Capabilities): Capabilities {
  const [toAdd, toDrop] = [new Set(asked.add.map(normalized)), new Set(asked.drop.map(normalized))];
  const added = new Set(toAdd.delete('RESET') ? [] : before.add.map(normalized));
  const dropped = new Set(toDrop.delete('RESET') ? [] : before.drop.map(normalized));
  for (const name of toDrop.difference(toAdd)) if (!added.delete(name)) dropped.add(name);
  for (const name of toAdd) if (!dropped.delete(name)) added.add(name);
  return { add: capabilityList(added), drop: capabilityList(dropped) };
}

/** `net_admin` and `CAP_NET_ADMIN` are the same. */
function normalized(name: string): string {
  const upper = name.trim().toUpperCase();
  return /^(ALL|RESET|CAP_.*)$/.test(upper) ? upper : `CAP_${upper}`;
}

function capabilityList(names: ReadonlySet<string>): string[] {
  return names.has('ALL') ? ['ALL'] : [...names].sort(compareText);
}
