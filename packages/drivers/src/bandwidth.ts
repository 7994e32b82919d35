import type { KernelObject, NamespaceName } from '@fairlead/netlink';

/** How fast a container may be on a network, in bytes a second; absent means as fast as it goes. */
export interface Bandwidth {
  /** What it receives. */
  readonly in?: number;
  /** What it sends. */
  readonly out?: number;
}

/** The token bucket of a link, where there is a limit. */
export function limited(namespace: NamespaceName, link: string, rate: number | undefined): KernelObject[] {
  return rate === undefined ? [] : [{ kind: 'qdisc', namespace, link, rate }];
}
