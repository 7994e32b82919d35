import { familyOf, type IpAddress } from '@fairlead/base';
import type { LinkDetails, NamespaceName } from '@fairlead/netlink';
import { isTunnel, tunnelDetails } from '@fairlead/netlink/tracing';
import type { TunnelFacts } from '../model/facts.ts';
import type { Sighting } from '../model/hops.ts';
import type { Outcome } from '../model/outcome.ts';
import { askNamespace, askRoute } from './namespace-facts.ts';
import type { Namespaces } from './namespaces.ts';
import type { PlaceMap } from './place-map.ts';
import { forwardedTo } from './tunnel-ends.ts';

interface Places {
  readonly places: PlaceMap;
  readonly namespaces: Namespaces;
}

/**
 * Ask about the last tunnel into which the packet, or the answer if there was one, has gone; or into which it would go, if
 * only its neighbour there were known. Nothing when there is none.
 */
export function askTunnel(
  sightings: readonly Sighting[],
  { drop, reply, last }: Outcome,
  where: Places,
): TunnelFacts | undefined {
  const role = drop?.role ?? (reply?.role === 'answer' ? 'answer' : 'request');
  const own = sightings.filter((sighting) => sighting.role === role);
  for (const entry of own.toReversed()) {
    const name = where.places.namespaceOf(entry.namespace);
    const link = name === undefined ? undefined : where.namespaces.link(name, entry.device?.index ?? 0);
    if (entry.event === 'received' || name === undefined || link === undefined || !isTunnel(link.kind)) continue;
    const carried = own.find(({ carrier, time }) => carrier !== undefined && time >= entry.time);
    return tunnelFacts(entry, { name, link }, carried?.carrier?.header, where);
  }
  return drop === undefined && reply === undefined && last !== undefined ? awaitedTunnel(last, where) : undefined;
}

function awaitedTunnel(last: Sighting, where: Places): TunnelFacts | undefined {
  const name = where.places.namespaceOf(last.namespace);
  if (name === undefined) return undefined;
  const { route } = askRoute(where.namespaces.get(name), { destination: last.header.destination });
  const link = where.namespaces.link(name, route?.outgoing ?? 0);
  return isTunnel(link?.kind) && link ? tunnelFacts(last, { name, link }, undefined, where) : undefined;
}

function tunnelFacts(
  { namespace: inode, header }: Sighting,
  { name, link }: { readonly name: NamespaceName; readonly link: LinkDetails },
  seen: Pick<Sighting['header'], 'source' | 'destination'> | undefined,
  { places, namespaces }: Places,
): TunnelFacts {
  const namespace = namespaces.get(name);
  const place = places.nameOf(inode);
  const told = tunnelDetails(link);
  const neighbor = askNamespace(namespace, { place, inode, packet: header }).neighbor;
  const mac = neighbor === undefined || neighbor === 'none' ? undefined : neighbor.mac;
  const tabled = link.kind === 'vxlan' && mac !== undefined ? forwardedTo(namespace, [link], mac) : [];
  const far: IpAddress | undefined = seen?.destination ?? tabled[0] ?? told?.remote;
  if (far === undefined) return { namespace: name, link, way: askNamespace(namespace, { place, inode }) };
  const packet = { family: familyOf(far), source: seen?.source ?? told?.local ?? far, destination: far };
  return { namespace: name, link, far, way: askNamespace(namespace, { place, inode, packet }) };
}
