import type { KernelObject } from './kernel-object.ts';

/**
 * True when `observed` has every property that `desired` asks for; what is not asked for may be anything. A veth's peer
 * is not compared, it is a link of its own. A link that was moved may be of any kind, and a namespace anybody's.
 */
export function satisfies(observed: KernelObject, desired: KernelObject): boolean {
  if (desired.kind === 'namespace') return observed.kind === 'namespace';
  if (desired.kind !== 'link' || desired.type.kind !== 'moved') return contains(observed, desired);
  const { type: _, madeIn: __, ...properties } = desired;
  return contains(observed, properties);
}

/** As {@link satisfies}, for what was to be added: a link that was to come up later may be up already. */
export function isPresent(observed: KernelObject, added: KernelObject): boolean {
  const isUp = observed.kind === 'link' && observed.up;
  return satisfies(observed, added.kind === 'link' && isUp ? { ...added, up: isUp } : added);
}

function contains(observed: unknown, desired: unknown): boolean {
  if (desired === undefined || Object.is(observed, desired)) return true;
  if (!isRecord(desired) || !isRecord(observed)) return false;
  if (Array.isArray(desired) && (!Array.isArray(observed) || observed.length !== desired.length)) return false;
  const asked: readonly [string, unknown][] = Object.entries(desired);
  return asked.every(([key, value]) => key === 'peer' || contains(Reflect.get(observed, key), value));
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
