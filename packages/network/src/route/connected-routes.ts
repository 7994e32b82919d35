import { familyOf, prefixFamily } from '@fairlead/base';
import type { Change, KernelObject } from '@fairlead/netlink';
import type { Network } from '../model.ts';

/** RTPROT_KERNEL (include/uapi/linux/rtnetlink.h), and the metric that it gives such routes in IPv6 (IP6_RT_PRIO_ADDRCONF). */
const BY_KERNEL = 2;
const METRIC6 = 256;

/**
 * Routes that the kernel makes with the address of a bridge, and makes only then: where one was taken away and its address
 * was left, it has to be put back by hand, or nothing reaches the containers.
 *
 * @param host what the host's namespace holds, routes included.
 */
export function lostRoutes(networks: Iterable<Network>, host: readonly KernelObject[]): Change[] {
  const present = new Set(
    host.flatMap((object) =>
      object.kind === 'route' && object.table === undefined ? [`${object.destination} ${object.link}`] : [],
    ),
  );
  const addresses = new Set(
    host.flatMap((object) => (object.kind === 'address' ? [`${object.address.split('/')[0]} ${object.link}`] : [])),
  );
  const links = new Set(host.flatMap((object) => (object.kind === 'link' && object.up ? [object.name] : [])));
  return [...networks].flatMap(({ bridge, subnets }) =>
    subnets.flatMap(({ subnet, gateway }): Change[] => {
      const link = bridge?.name;
      if (link === undefined || gateway === undefined || !links.has(link)) return [];
      if (!addresses.has(`${gateway} ${link}`) || present.has(`${subnet} ${link}`)) return [];
      const family =
        familyOf(gateway) === 4 ? ({ scope: 'link', source: gateway } as const) : ({ metric: METRIC6 } as const);
      if (prefixFamily(subnet) !== familyOf(gateway)) return [];
      const route = {
        kind: 'route',
        namespace: '',
        destination: subnet,
        link,
        protocol: BY_KERNEL,
        ...family,
      } as const;
      return [{ action: 'add', object: route }];
    }),
  );
}
