import type { IpAddress } from '@fairlead/base';
import type { ElementObject } from '@fairlead/netlink';
import { hostElement } from './host-sets.ts';
import { relayTableElement } from './relay-table.ts';
import { segmentElement } from './segments-table.ts';

/** How the containers of a bridge network are reached in one family; Docker's `gateway_mode`. */
export type GatewayMode =
  /** Published ports on the host's addresses only. */
  | 'nat'
  /** As `nat`, and every port directly by the container's address. */
  | 'nat-unprotected'
  /** Published ports directly by the container's address, without translation. */
  | 'routed'
  /** No gateway address at all. */
  | 'isolated';

/** Something that each family of a network has for itself; absent means the default. */
export interface ByFamily<T> {
  readonly ipv4?: T;
  readonly ipv6?: T;
}

/** What the firewall must know of a bridge network. */
export interface NetworkPolicy {
  /** Name of the bridge interface. */
  readonly bridge: string;
  /** Further bridges that are one with it; where br_netfilter is on, the host's IP rules see what passes them, too. */
  readonly segments?: readonly string[];
  /** Nothing leaves and nothing enters, except from and to the host itself. */
  readonly internal: boolean;
  /** Families in which containers go out under the host's address. */
  readonly masquerade: ByFamily<boolean>;
  /** Default `nat`. */
  readonly mode?: ByFamily<GatewayMode>;
  /** Go out under this address instead of the outgoing interface's (`com.docker.network.host_ipv4`). */
  readonly source?: ByFamily<IpAddress>;
  /**
   * Containers of the network may talk to each other (`enable_icc`); default true. When false the bridge's ports must
   * also be isolated from each other: packets between them do not pass the host's routing, where the table sits.
   */
  readonly icc?: boolean;
  /** Host interfaces from which containers may be reached directly. */
  readonly trustedInterfaces?: readonly string[];
}

/** The elements that a bridge network asks for: of the host's tables, and of the one about further bridges if it has any. */
export function networkElements(policy: NetworkPolicy): ElementObject[] {
  const bridges = [policy.bridge, ...(policy.segments ?? [])];
  return bridges.flatMap((bridge) => [
    hostElement('bridges', [bridge]),
    ...bridges.map((other) => hostElement('same_bridge', [bridge, other])),
    ...(bridge === policy.bridge ? [] : [segmentElement(bridge)]),
    hostElement(policy.internal ? 'internal' : 'reachable', [bridge]),
    ...(policy.internal ? [relayTableElement('unrelayed', [bridge])] : []),
    // By the router, which is on the first one alone; what crosses a further one may be on its way there.
    ...(policy.icc === false ? [hostElement('separated', [bridge, policy.bridge])] : []),
    ...(policy.trustedInterfaces ?? []).map((name) => hostElement('trusted', [name, bridge])),
    ...(policy.internal ? [] : [...outwardElements(policy, bridge, 4), ...outwardElements(policy, bridge, 6)]),
  ]);
}

function outwardElements(policy: NetworkPolicy, bridge: string, family: 4 | 6): ElementObject[] {
  const key = [bridge];
  const mode = policy.mode?.[`ipv${family}`] ?? 'nat';
  const source = policy.source?.[`ipv${family}`];
  const masquerade = policy.masquerade[`ipv${family}`] === true && (mode === 'nat' || mode === 'nat-unprotected');
  return [
    ...(masquerade ? [hostElement(`masquerade${family}`, key)] : []),
    ...(masquerade && source !== undefined ? [hostElement(`source${family}`, key, [source])] : []),
    ...(mode === 'nat-unprotected' ? [hostElement(`open${family}`, key)] : []),
    ...(mode === 'routed' ? [hostElement(`routed${family}`, key)] : []),
  ];
}
