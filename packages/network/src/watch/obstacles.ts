import { type Logger, messageOf } from '@fairlead/base';
import type { ForeignFilter } from '@fairlead/netlink';
import type { KernelPort } from '../kernel-port.ts';
import { isLan } from '../lan/lan-network.ts';
import type { Network } from '../model.ts';

/**
 * What of other tools' rules keeps packets of a network from coming in or going out, a sentence each, as far as can be
 * seen: rules are judged by the interfaces that they name.
 */
export function obstacles(network: Network, filters: readonly ForeignFilter[]): string[] {
  const { bridge, internal, ipv4, ipv6 } = network;
  // What goes between the ports of a bridge that a LAN's interface is in is not forwarded by the host.
  if (bridge === undefined || internal || isLan(network)) return [];
  const concerned = filters.filter(({ family }) => (family === 'ip' ? ipv4 : family === 'ip6' ? ipv6 : true));
  return concerned
    .filter(({ toward, admitted }) =>
      toward === undefined ? !admitted.some((pattern) => isMeant(pattern, bridge.name)) : isMeant(toward, bridge.name),
    )
    .map(({ family, table, chain, toward }) => {
      const where = `chain ${chain} of table ${family} ${table}`;
      return toward === undefined
        ? `${where} refuses what is forwarded, and none of its rules names ${bridge.name} to let it through`
        : `${where} refuses what comes to ${bridge.name} from elsewhere, but for what a rule before lets through`;
    });
}

/** What others drop; rules that we have not written may be anything: that they cannot be read is no fault of a network's. */
export function readableFilters({
  kernel,
  logger,
}: {
  readonly kernel: Pick<KernelPort, 'foreignFilters'>;
  readonly logger: Logger;
}): readonly ForeignFilter[] {
  try {
    return kernel.foreignFilters();
  } catch (error) {
    logger.warn('rules of others not read', { error: messageOf(error) });
    return [];
  }
}

/** Say in the log what is in the way of networks. */
export function noteObstacles(networks: readonly Network[], filters: readonly ForeignFilter[], logger: Logger): void {
  for (const network of networks) {
    for (const obstacle of obstacles(network, filters)) {
      logger.warn('rules of others are in the way', { network: network.name, obstacle });
    }
  }
}

function isMeant(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}
