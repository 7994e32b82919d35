import {
  addressOf,
  type Family,
  familyOf,
  formatPortRange,
  type IpAddress,
  isUnspecified,
  lastAddress,
  type PortPolicy,
  type PortProtocol,
  type PortRange,
  parsePrefix,
  prefixFamily,
} from '@fairlead/base';
import type { ElementObject } from '@fairlead/netlink';
import { type HostSet, hostElement } from './host-sets.ts';

const everywhere = { 4: '0.0.0.0/0', 6: '::/0' } as const;

/** A port, or neighbouring ones, that only some may ask for. */
export interface LimitedPorts {
  readonly protocol: PortProtocol;
  /** Of the host; on a routed network the container's own. `0.0.0.0` and `::` stand for all. */
  readonly address: IpAddress;
  readonly ports: PortRange;
  readonly policy: PortPolicy;
}

/**
 * The elements that say who may ask for a published port: one for each source and interface. A policy without any source
 * of the port's family leaves only the host itself, which no element is needed for.
 */
export function admissionElements(limited: LimitedPorts): ElementObject[] {
  const family = familyOf(limited.address);
  const place = [hostInterval(limited.address), limited.protocol, formatPortRange(limited.ports)];
  return [hostElement(`limited${family}`, place), ...askers(limited, ['from', 'via'])];
}

/** The elements that let some askers through to a port on a routed network; all others find it closed. */
export function routedAdmissionElements(limited: LimitedPorts): ElementObject[] {
  return askers(limited, ['routed_from', 'routed_via']);
}

/** The interval of addresses of the host that a binding stands for. */
export function hostInterval(address: IpAddress): string {
  return isUnspecified(address) ? interval(everywhere[familyOf(address)]) : address;
}

function askers(
  { protocol, address, ports, policy }: LimitedPorts,
  [from, via]: readonly ['from', 'via'] | readonly ['routed_from', 'routed_via'],
): ElementObject[] {
  const family = familyOf(address);
  const place = [hostInterval(address), protocol, formatPortRange(ports)];
  const sources = sourcesIn(policy, family);
  const element = (set: 'from' | 'via' | 'routed_from' | 'routed_via', key: readonly string[]) =>
    hostElement(`${set}${family}` satisfies HostSet, [...key, ...place]);
  const { interfaces } = policy;
  if (interfaces === undefined) return sources.map((source) => element(from, [source]));
  return interfaces.flatMap((name) => sources.map((source) => element(via, [name, source])));
}

function sourcesIn({ sources }: PortPolicy, family: Family): string[] {
  if (sources === undefined) return [interval(everywhere[family])];
  return sources.filter((source) => prefixFamily(source) === family).map(interval);
}

/** As the kernel gives it back. */
function interval(text: string): string {
  const prefix = parsePrefix(text);
  const [first, last] = [addressOf(prefix), lastAddress(prefix)];
  return first === last ? first : `${first}-${last}`;
}
