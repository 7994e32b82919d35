import type { NeighborPacket } from '@fairlead/base/neighbor-frame';
import type { OpenNamespace } from '@fairlead/kernel';
import type { ChainSummary } from '@fairlead/netlink';
import type { NeighborDrop } from '../model/facts.ts';
import { readNeighborPacketAnywhere } from '../packet/carried-packet.ts';
import type { EventRecord } from '../program/event-record.ts';
import type { Namespaces } from './namespaces.ts';
import type { PlaceMap } from './place-map.ts';
import { readRuleset } from './ruleset.ts';

/** Families of tables that see packets about neighbours. */
const families: Readonly<Record<NeighborPacket['family'], readonly string[]>> = {
  4: ['arp', 'bridge', 'netdev'],
  6: ['ip6', 'inet', 'bridge', 'netdev'],
};

/** What records of dropped questions and answers about neighbours say, with the chains that may have dropped them. */
export function neighborDropsOf(
  records: readonly EventRecord[],
  { places, namespaces }: { readonly places: PlaceMap; readonly namespaces: Namespaces },
  reasons: ReadonlyMap<number, string>,
): NeighborDrop[] {
  return records.flatMap(({ bytes, time, namespace, device, reason, function: dropper }) => {
    const packet = readNeighborPacketAnywhere(bytes);
    const word = reasons.get(reason);
    const name = places.namespaceOf(namespace);
    if (packet === undefined || word === undefined || name === undefined) return [];
    return [
      {
        ...packet,
        place: places.nameOf(namespace),
        inode: namespace,
        reason: word,
        time,
        chains:
          word === 'NETFILTER_DROP' && packet.carrier === undefined ? chainsFor(packet, namespaces.get(name)) : [],
        ...(device && { device: device.name }),
        ...(dropper !== '' && { function: dropper }),
      },
    ];
  });
}

/** Chains of others, which our own never are: they leave neighbours alone. */
function chainsFor({ family }: NeighborPacket, namespace: OpenNamespace): string[] {
  const sees = ({ family: of, hook, table }: ChainSummary) =>
    hook !== undefined && families[family].includes(of) && !/^(fairlead|packet-trace)/.test(table);
  return readRuleset(namespace, [])
    .chains.filter(sees)
    .map(({ family: of, table, chain }) => `${of} ${table} ${chain}`);
}
