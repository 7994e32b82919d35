import { type Family, familyOf, type IpAddress } from '@fairlead/base';
import type { ElementObject, NamespaceName, RuleDefinition, SetDefinition, TableDefinition } from '@fairlead/netlink';
import { turn, turnsOf } from './service-turns.ts';

/** Name of the table of a sandbox that has services to ask. */
export const serviceTableName = 'fairlead_services';

/**
 * The table of a sandbox on whose networks services have virtual addresses: a connection to one goes to a backend, whatever
 * port or protocol it is for. It is translated where it is asked for, so the backend sees who asks, and a backend may ask its
 * own service. Only sandboxes that have it track connections.
 */
export const serviceTable: TableDefinition = {
  family: 'inet',
  name: serviceTableName,
  comment: 'virtual addresses of services: made by fairlead',
  sets: [virtualMap(4), virtualMap(6)],
  chains: [
    {
      name: 'asked',
      hook: { type: 'nat', hook: 'output', priority: -100, policy: 'accept' },
      rules: [translation(4), translation(6)],
    },
  ],
};

/** The elements that lead a virtual address to its backends of the same family, each getting the same share. */
export function virtualElements(
  namespace: NamespaceName,
  address: IpAddress,
  backends: readonly IpAddress[],
): ElementObject[] {
  const family = familyOf(address);
  const own = backends.filter((backend) => familyOf(backend) === family);
  const shares = turnsOf(own.length);
  return own.map((backend, index) => ({
    kind: 'element',
    namespace,
    table: serviceTableName,
    set: `virtual${family}`,
    key: [address, shares[index] ?? ''],
    value: [backend],
  }));
}

function virtualMap(family: Family): SetDefinition {
  const address = `ipv${family}_addr` as const;
  const comment = 'address of a service and what of its connections goes where';
  return { name: `virtual${family}`, key: [address, turn], value: [address], interval: true, comment };
}

function translation(family: Family): RuleDefinition {
  const nft = family === 4 ? 'ip' : 'ip6';
  return {
    statements: [{ translate: 'dnat', family: nft, by: [`${nft} daddr`, turn], map: `virtual${family}` }],
  };
}
