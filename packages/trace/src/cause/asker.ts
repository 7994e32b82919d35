import { addressOf, type IpAddress } from '@fairlead/base';
import type { LinkDetails, NeighborAnswer } from '@fairlead/netlink';
import type { Case, CaseEnd } from '../model/case.ts';
import { linkNamed, linkNumbered, type NamespaceFacts } from '../model/facts.ts';
import { isStuck, wentThroughHost } from './passage.ts';

/** Somebody who sends to an address on the wire, and what its neighbour table says of that. */
export interface Asker {
  readonly facts: NamespaceFacts;
  readonly namespace: string;
  readonly neighbor: NeighborAnswer;
  readonly address: IpAddress;
  readonly link: LinkDetails | undefined;
}

/** All who had to know a neighbour on the way: of the packet, and once it had arrived, of the answer. */
export function askers(trace: Case): Asker[] {
  const { facts, source, destination } = trace;
  const told = facts.destination?.neighbor;
  const isSettled = told !== undefined && told !== 'none' && told.state === 'permanent';
  // Before the packet, the question for its destination has to be answered.
  const back =
    isStuck(trace) && !isSettled ? [] : [[facts.destination, destination.namespace, source.address] as const];
  const host = wentThroughHost(trace) ? [[facts.host, '', destination.address] as const] : [];
  const own = [facts.source, source.namespace, destination.address] as const;
  const lastly =
    facts.last === undefined ? [] : [[facts.last, namespaceOf(trace, facts.last), destination.address] as const];
  return [own, ...host, ...back, ...lastly].flatMap(([place, namespace, address]): Asker[] => {
    const neighbor = place?.neighbor;
    if (place === undefined || neighbor === undefined || neighbor === 'none') return [];
    const link = linkNumbered(place, neighbor.index);
    return [{ facts: place, namespace: namespace ?? '', neighbor, address: neighbor.address ?? address, link }];
  });
}

function namespaceOf({ facts, source, destination }: Case, place: NamespaceFacts): string {
  if (place.inode === facts.source.inode) return source.namespace ?? '';
  return place.inode === facts.destination?.inode ? (destination.namespace ?? '') : '';
}

export function isUnknown({ neighbor }: Asker): boolean {
  return ['incomplete', 'failed'].includes(neighbor.state);
}

/** `neighbour table of web: 10.9.1.3 is failed`. */
export function neighborEvidence({ facts, address, neighbor }: Asker): string {
  const what = neighbor.mac === undefined ? neighbor.state : `${neighbor.mac}, ${neighbor.state}`;
  return `neighbour table of ${facts.place}: ${address} is ${what}`;
}

/** Who is to have an address: its name, its interface, and the port of the bridge that leads there. */
export interface Owner {
  readonly name: string;
  readonly facts: NamespaceFacts | undefined;
  readonly namespace: string;
  readonly link: LinkDetails | undefined;
  readonly port?: LinkDetails | undefined;
}

/** Who has an address as far as the engine knows; `undefined` for everybody else's. */
export function ownerOf(address: IpAddress, trace: Case): Owner | undefined {
  const { source, destination, facts, directory } = trace;
  const ends: [CaseEnd, NamespaceFacts | undefined][] = [
    [destination, facts.destination],
    [source, facts.source],
  ];
  for (const [end, own] of ends) {
    const attachment = end.container?.attachments.find(({ ipv4, ipv6 }) => ipv4 === address || ipv6 === address);
    if (attachment === undefined) continue;
    const port = linkNamed(facts.host, attachment.hostInterface);
    const link = linkNamed(own, attachment.interface);
    return { name: end.name, facts: own, namespace: end.namespace ?? '', link, port };
  }
  // The gateway of a network on the host's own wire is the LAN's router.
  const network = directory.networks.find((each) => each.driver === 'bridge' && each.gateways.includes(address));
  if (network === undefined) return undefined;
  return { name: 'host', facts: facts.host, namespace: '', link: linkNamed(facts.host, network.interface) };
}

export function hasAddress({ facts }: Owner, address: IpAddress): boolean | undefined {
  return facts?.addresses?.some((own) => addressOf(own) === address);
}
