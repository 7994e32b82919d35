import { familyOf, type IpAddress, type PortProtocol } from '@fairlead/base';
import type { ChainDefinition, ElementObject } from '@fairlead/netlink';
import { rule } from './host-rule.ts';
import { hostElement } from './host-sets.ts';
import { turn, turnsOf } from './service-turns.ts';

/** A port of the host, on all its addresses, behind which several containers stand for one another. */
export interface MeshPort {
  readonly protocol: PortProtocol;
  readonly port: number;
  /** Of both families; all of one family get the same share of its connections. */
  readonly backends: readonly { readonly address: IpAddress; readonly port: number }[];
}

/**
 * The elements that lead a port of the host to a service: that it is one, and for each backend its share of the numbers that
 * connections draw. In a family without backends nothing is translated, and the relay or the socket that holds the port
 * answers.
 */
export function meshElements({ protocol, port, backends }: MeshPort): ElementObject[] {
  const ofFamily = ([4, 6] as const).flatMap((family) => {
    const own = backends.filter(({ address }) => familyOf(address) === family);
    const shares = turnsOf(own.length);
    return own.map((backend, index) =>
      hostElement(`mesh_${protocol}${family}`, [`${port}`, shares[index] ?? ''], [backend.address, `${backend.port}`]),
    );
  });
  return [hostElement('mesh', [protocol, `${port}`]), ...ofFamily];
}

/**
 * Which backend a connection goes to. A map for each protocol: nft reads no translation to a port out of intervals while it
 * does not know the protocol (nftables, src/evaluate.c, stmt_evaluate_nat_map).
 */
function meshChain(family: 4 | 6): ChainDefinition {
  const nft = family === 4 ? 'ip' : 'ip6';
  return {
    name: `mesh${family}`,
    comment: 'ports of services',
    rules: (['tcp', 'udp', 'sctp'] as const).map((protocol) =>
      rule([{ translate: 'dnat', family: nft, by: [`${protocol} dport`, turn], map: `mesh_${protocol}${family}` }]),
    ),
  };
}

/** What a packet for a port of a service meets before it is routed. */
export const meshChains: readonly ChainDefinition[] = [meshChain(4), meshChain(6)];
