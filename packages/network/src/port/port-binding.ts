import {
  commonRange,
  compareText,
  type Family,
  familyOf,
  type PortProtocol,
  type PortRange,
  portsIn,
  sizeOfRange,
} from '@fairlead/base';
import type { PortBinding } from './port-model.ts';

/** The ports of the container that a binding is about. */
export function containerPortsOf({
  containerPort,
  count = 1,
}: Pick<PortBinding, 'containerPort' | 'count'>): PortRange {
  return { first: containerPort, last: containerPort + count - 1 };
}

/** The part of a binding that is about some ports of the container: none, or one. */
export function bindingWithin(binding: PortBinding, ports: PortRange): PortBinding[] {
  const own = containerPortsOf(binding);
  if (ports.first <= own.first && own.last <= ports.last) return [binding];
  const { count: _, hostPorts, ...rest } = binding;
  return commonRange(own, ports).map(({ first, last }) => ({
    ...rest,
    containerPort: first,
    ...(last > first && { count: last - first + 1 }),
    ...(hostPorts && {
      hostPorts: { first: hostPorts.first + first - own.first, last: hostPorts.first + last - own.first },
    }),
  }));
}

/** A binding for each single port. */
export function singleBindings(binding: PortBinding): PortBinding[] {
  return portsIn(containerPortsOf(binding)).flatMap((port) => bindingWithin(binding, { first: port, last: port }));
}

/** Bindings of ports that follow each other, and are asked for alike, as one. */
export function joinBindings(bindings: readonly PortBinding[]): PortBinding[] {
  const joined: PortBinding[] = [];
  /** Where the binding is that ends before a port. */
  const ends = new Map<string, number>();
  for (const next of joinNeighbors(bindings)) {
    const key = endKey(next, next.containerPort, next.hostPorts?.first);
    const at = isInStep(next) ? ends.get(key) : undefined;
    const last = at === undefined ? undefined : joined[at];
    const whole = last === undefined ? next : extended(last, next);
    const place = at ?? joined.length;
    ends.delete(key);
    joined[place] = whole;
    if (isInStep(whole)) {
      const { last: end } = containerPortsOf(whole);
      ends.set(endKey(whole, end + 1, whole.hostPorts && whole.hostPorts.last + 1), place);
    }
  }
  return joined;
}

/** Those that go on where the one before them ends: a range as the docker command spells it out, all of it at once. */
function joinNeighbors(bindings: readonly PortBinding[]): PortBinding[] {
  const joined: PortBinding[] = [];
  let [first] = bindings;
  for (const [at, last] of bindings.entries()) {
    const next = bindings[at + 1];
    if (first === undefined || (next !== undefined && goesOn(last, next))) continue;
    joined.push(first === last ? first : extended(first, last));
    first = next;
  }
  return joined;
}

/** True when both are asked for alike and the second one begins where the first one ends. */
function goesOn(one: PortBinding, next: PortBinding): boolean {
  return (
    containerPortsOf(one).last + 1 === next.containerPort &&
    one.protocol === next.protocol &&
    one.hostAddress === next.hostAddress &&
    (one.hostPorts && one.hostPorts.last + 1) === next.hostPorts?.first &&
    policyText(one) === policyText(next) &&
    isInStep(one) &&
    isInStep(next)
  );
}

/** Those that share a port of some range with another one, and those that do not; in their order. */
export function partitionByOverlap<Item>(
  items: readonly Item[],
  placeOf: (item: Item) => { readonly protocol: PortProtocol; readonly ports: PortRange },
): { readonly alone: Item[]; readonly overlapping: Item[] } {
  const sorted = items.map((item) => ({ item, ...placeOf(item) }));
  sorted.sort((a, b) => compareText(a.protocol, b.protocol) || a.ports.first - b.ports.first);
  const overlapping = new Set<Item>();
  let furthest = sorted[0];
  for (const next of sorted.slice(1)) {
    const isBehind = furthest?.protocol === next.protocol && next.ports.first <= furthest.ports.last;
    if (furthest && isBehind) overlapping.add(furthest.item).add(next.item);
    if (!isBehind || (furthest && next.ports.last > furthest.ports.last)) furthest = next;
  }
  return {
    alone: items.filter((item) => !overlapping.has(item)),
    overlapping: items.filter((item) => overlapping.has(item)),
  };
}

/** The container ports that are published in a family without translation, neighbours in one piece. */
export function openPorts(
  bindings: readonly PortBinding[],
  family: Family,
): { readonly protocol: PortProtocol; readonly containerPorts: PortRange }[] {
  const wanted = bindings
    .filter(({ hostAddress }) => hostAddress === undefined || familyOf(hostAddress) === family)
    .map((binding) => ({ protocol: binding.protocol, ...containerPortsOf(binding) }))
    .sort((a, b) => compareText(a.protocol, b.protocol) || a.first - b.first);
  const open: { readonly protocol: PortProtocol; readonly containerPorts: PortRange }[] = [];
  for (const { protocol, first, last } of wanted) {
    const before = open.at(-1);
    const isNear = before?.protocol === protocol && before.containerPorts.last + 1 >= first;
    if (isNear) open.pop();
    const { containerPorts } = isNear ? before : { containerPorts: { first, last } };
    const end = Math.max(containerPorts.last, last);
    open.push({ protocol, containerPorts: { first: containerPorts.first, last: end } });
  }
  return open;
}

/** False for any free port of a range. */
function isInStep({ hostPorts, count = 1 }: PortBinding): boolean {
  return hostPorts === undefined || sizeOfRange(hostPorts) === count;
}

/** Equal for bindings that are asked for alike, of which one could go on at these ports. */
function endKey(binding: PortBinding, containerPort: number, hostPort?: number): string {
  const { protocol, hostAddress } = binding;
  return `${protocol} ${containerPort} ${hostPort ?? ''} ${hostAddress ?? ''} ${policyText(binding)}`;
}

function policyText({ policy }: PortBinding): string {
  return policy === undefined ? '' : JSON.stringify(policy);
}

/** The first binding made to reach to the end of one that follows it, next to it or behind others. */
function extended(first: PortBinding, last: PortBinding): PortBinding {
  const count = containerPortsOf(last).last - first.containerPort + 1;
  const { hostPorts } = first;
  return {
    ...first,
    count,
    ...(hostPorts && { hostPorts: { first: hostPorts.first, last: hostPorts.first + count - 1 } }),
  };
}
