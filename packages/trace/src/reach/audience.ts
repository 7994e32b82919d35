import {
  addressOf,
  familyOf,
  hostText,
  type IpAddress,
  ipPlus,
  isLoopback,
  isUnspecified,
  type PortPolicy,
  type Prefix,
  prefixContains,
  prefixFamily,
} from '@fairlead/base';
import type { Publication } from '../model/directory.ts';
import type { TraceRequest } from '../plan.ts';

/** A published port, with who may ask for it as far as we decide. */
export interface PublishedPort extends Publication {
  /** Absent means anybody. */
  readonly policy?: PortPolicy;
}

/** For whom a port is: for anybody, for programs of this host, or for some. */
export type Audience = 'anyone' | 'this host' | 'some';

/** What must be known of the host to choose a packet that proves something. */
export interface UplinkView {
  readonly name: string;
  readonly address: IpAddress | undefined;
  readonly gateway: IpAddress | undefined;
}

/** Milliseconds: what works answers at once. */
const PATIENCE = 300;

/** For whom a port is by its binding and its policy. */
export function audienceOf({ hostAddress, policy }: PublishedPort): Audience {
  if (isLoopback(hostAddress)) return 'this host';
  if (policy === undefined) return 'anyone';
  return sourcesIn(policy, hostAddress)?.length === 0 ? 'this host' : 'some';
}

/** The same in words: `only 10.0.0.0/8, by eth0`. */
export function audienceText(port: PublishedPort): string {
  const audience = audienceOf(port);
  if (audience !== 'some') return audience;
  const sources = port.policy && sourcesIn(port.policy, port.hostAddress);
  const by = port.policy?.interfaces === undefined ? '' : `by ${port.policy.interfaces.join(' or ')}`;
  return `only ${[...(sources === undefined ? [] : [sources.join(', ')]), ...(by === '' ? [] : [by])].join(', ')}`;
}

/** The packet that shows whether somebody who may ask gets there, or why there is none. */
export function probeFor(port: PublishedPort, uplink: UplinkView | undefined): TraceRequest | string {
  const { protocol, hostAddress, hostPorts, policy } = port;
  if (audienceOf(port) === 'this host') return 'nobody else is meant to';
  if (protocol !== 'tcp') return `a program would take a packet of ${protocol} for a question`;
  if (uplink === undefined) return 'this host has no default route';
  if (policy?.interfaces?.includes(uplink.name) === false) return `packets are tried by ${uplink.name} only`;
  const address = isUnspecified(hostAddress) ? uplink.address : hostAddress;
  if (address === undefined) return `${uplink.name} has no address of that family`;
  const from = sourceFor(policy, hostAddress, uplink);
  return { from, to: `${hostText(address)}:${hostPorts.first}`, family: familyOf(hostAddress), timeout: PATIENCE };
}

/** The next router where it may ask, else the first of those who may. */
function sourceFor(policy: PortPolicy | undefined, hostAddress: IpAddress, { gateway }: UplinkView): string {
  const sources = policy && sourcesIn(policy, hostAddress);
  const [first] = sources ?? [];
  if (first === undefined) return 'outside';
  if (gateway !== undefined && sources?.some((source) => prefixContains(source, gateway))) return 'outside';
  const network = addressOf(first);
  const next = ipPlus(network, 1n);
  return prefixContains(first, next) ? next : network;
}

function sourcesIn({ sources }: PortPolicy, address: IpAddress): readonly Prefix[] | undefined {
  return sources?.filter((source) => prefixFamily(source) === familyOf(address));
}
