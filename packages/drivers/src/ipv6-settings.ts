import { LEAST_MTU6 } from '@fairlead/base';
import type { NamespaceName, SysctlObject } from '@fairlead/netlink';
import { sysctlName } from './sysctl-name.ts';

/** The link that is set. */
export interface Ipv6Place {
  readonly namespace: NamespaceName;
  readonly link: string;
  /** Bytes; absent means enough. */
  readonly mtu?: number;
}

/** Settings of a link under `net.ipv6.conf`. A link that is too narrow for IPv6 has no such settings, and needs none. */
export function ipv6Settings(place: Ipv6Place, settings: Readonly<Record<string, string>>): SysctlObject[] {
  const { namespace, link, mtu = LEAST_MTU6 } = place;
  if (mtu < LEAST_MTU6) return [];
  return Object.entries(settings).map(([name, value]) => {
    return { kind: 'sysctl', namespace, key: `net.ipv6.conf.${sysctlName(link)}.${name}`, value };
  });
}
