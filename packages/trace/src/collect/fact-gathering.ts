import type { IpAddress } from '@fairlead/base';
import type { NamespaceName } from '@fairlead/netlink';
import { addressOn, type ContainerPlace } from '../model/directory.ts';
import { type Facts, linkNamed, type NamespaceFacts } from '../model/facts.ts';
import type { Sighting } from '../model/hops.ts';
import type { Observation, Outcome } from '../model/outcome.ts';
import { namespaceOf, type ProbeRoute } from '../probe-route.ts';
import { askAnswerWay } from './answer-way.ts';
import type { LegacyWatch } from './legacy-watch.ts';
import { askForwarding, askNamespace } from './namespace-facts.ts';
import { neighborDropsOf } from './neighbor-drops.ts';
import type { Probe } from './probe.ts';
import { receivingSockets } from './socket-table.ts';
import { askTunnel } from './tunnel-facts.ts';

/** What became of a probe, and by what more can be found out. */
interface FactMaterial {
  readonly probe: Probe;
  readonly route: ProbeRoute;
  readonly legacy: LegacyWatch;
  readonly observation: Observation;
  readonly outcome: Outcome;
}

/** Everything that may explain it, asked where it was last seen, where it began and where it was to arrive. */
export function gatherFacts(material: FactMaterial): Facts {
  const { probe, route, outcome, legacy, observation } = material;
  const { places, namespaces } = route;
  if (outcome.verdict === 'delivered' && !isElsewhere(material)) return factsOfDelivery(material);
  const there = namespaceOf(route);
  const end = there === undefined ? undefined : factsOfEnd(material, there);
  const host = factsOfHost(material);
  const last = factsAt(route, outcome.drop ?? outcome.last);
  const forwarding = whereBridgeLooks(route, host, end);
  const answerWay = askAnswerWay(observation.sightings, probe.source, route);
  const legacyDrops = legacyDropsAt(route, legacy, outcome.drop);
  const tunnel = askTunnel(observation.sightings, outcome, route);
  const { packets } = route.watch;
  const neighborDrops = packets && neighborDropsOf(packets.neighborDrops, { places, namespaces }, packets.reasons);
  return {
    source: factsOfSource(material),
    host,
    sockets: socketsAt(material, there),
    ...(neighborDrops && { neighborDrops }),
    ...(forwarding && { forwarding }),
    ...(answerWay && { answerWay }),
    ...(legacyDrops && { legacyDrops }),
    ...(tunnel && { tunnel }),
    ...(last && { last }),
    ...(end && { destination: end }),
  };
}

function factsOfSource({ probe, route }: FactMaterial): NamespaceFacts {
  const { family, source, destination, namespace } = probe;
  const { places, namespaces, sourceName, sourceContainer } = route;
  return askNamespace(namespaces.get(namespace), {
    place: sourceName,
    inode: places.inodeOf(namespace),
    packet: { family, source, destination },
    ...interfaceOf(sourceContainer, family),
  });
}

/** Where it was to arrive, asked about the answer. */
function factsOfEnd({ probe, route }: FactMaterial, there: NamespaceName): NamespaceFacts {
  const { family, source, destination } = probe;
  const { places, namespaces, behind } = route;
  const inode = places.inodeOf(there);
  return askNamespace(namespaces.get(there), {
    place: places.nameOf(inode),
    inode,
    packet: { family, source: destination, destination: source },
    ...interfaceOf(behind?.container, family),
  });
}

/** The host between them, asked about the packet as it is behind a published port. */
function factsOfHost({ probe, route }: FactMaterial): NamespaceFacts {
  const { family, source, destination } = probe;
  const { places, namespaces, behind } = route;
  return askNamespace(namespaces.get(''), {
    place: 'host',
    inode: places.inodeOf(''),
    packet: { family, source, destination: behindOf(behind, family) ?? destination },
    ...bridgeOf(route, family),
  });
}

/** Who could take the packet where it was to arrive. */
function socketsAt({ probe, route }: FactMaterial, there: NamespaceName | undefined): Facts['sockets'] {
  if (there === undefined || probe.protocol === 'icmp') return [];
  return receivingSockets(route.namespaces.get(there), probe.protocol);
}

/** True when another container than the one that it was for has answered. */
function isElsewhere({ probe, route, outcome: { reply } }: FactMaterial): boolean {
  const { behind, places, local } = route;
  if (reply?.role !== 'answer') return false;
  // Who answers himself, and under an address that is not known for his own, is asked more.
  if (behind === undefined) return !local && reply.namespace === places.inodeOf(probe.namespace);
  return reply.namespace !== places.inodeOf(behind.container.namespace ?? '');
}

/** What arrived needs no explanation: only who took it. */
function factsOfDelivery(material: FactMaterial): Facts {
  const { probe, route } = material;
  const inode = route.places.inodeOf(probe.namespace);
  const source = { place: route.sourceName, inode, links: [], sysctls: {}, legacyTables: [] };
  return { source, sockets: socketsAt(material, namespaceOf(route)) };
}

/** Where the bridge of the destination looks for it. */
function whereBridgeLooks(
  { behind, directory, namespaces }: ProbeRoute,
  host: NamespaceFacts,
  end: NamespaceFacts | undefined,
): Facts['forwarding'] {
  for (const attachment of behind?.container.attachments ?? []) {
    const network = directory.networks.find(({ name, driver }) => name === attachment.network && driver === 'bridge');
    const bridge = linkNamed(host, network && (attachment.segment?.bridge ?? network.interface));
    const mac = linkNamed(end, attachment.interface)?.mac;
    if (bridge === undefined || mac === undefined) continue;
    return { mac, bridge: bridge.name, port: askForwarding(namespaces.get(''), bridge, mac, host.links) };
  }
  return undefined;
}

function legacyDropsAt(
  { places, namespaces }: ProbeRoute,
  legacy: LegacyWatch,
  drop: Sighting | undefined,
): Facts['legacyDrops'] {
  const name = places.namespaceOf(drop?.namespace ?? 0);
  const isJudged = drop?.reason === 'NETFILTER_DROP' || drop?.function === 'nf_queue';
  if (!isJudged || name === undefined) return undefined;
  return legacy.dropsIn(namespaces.get(name));
}

function factsAt({ places, namespaces }: ProbeRoute, sighting: Sighting | undefined): NamespaceFacts | undefined {
  const inode = sighting?.namespace ?? 0;
  const name = places.namespaceOf(inode);
  if (sighting === undefined || name === undefined) return undefined;
  const { event, device, mark, carrier } = sighting;
  const header = carrier?.header ?? sighting.header;
  const cameIn = event === 'received' || event === 'dropped' ? device?.name : undefined;
  return askNamespace(namespaces.get(name), {
    place: places.nameOf(inode),
    inode,
    packet: header,
    ...(cameIn !== undefined && { incoming: cameIn }),
    ...(mark !== undefined && { mark }),
  });
}

/** The interface by which a container is reached in a family. */
function interfaceOf(container: ContainerPlace | undefined, family: Probe['family']): { readonly device?: string } {
  const device = container?.attachments.find((attachment) => addressOn(attachment, family) !== undefined)?.interface;
  return device === undefined ? {} : { device };
}

/** The bridge of the network on which the container of a route is reached, or else its source. */
function bridgeOf(
  { behind, sourceContainer, directory }: ProbeRoute,
  family: Probe['family'],
): { readonly device?: string } {
  const attachments = (behind?.container ?? sourceContainer)?.attachments ?? [];
  const attachment = attachments.find((each) => addressOn(each, family) !== undefined);
  const network = directory.networks.find(({ name, driver }) => name === attachment?.network && driver === 'bridge');
  return network?.interface === undefined ? {} : { device: network.interface };
}

/** The container's own address, to which a published port leads. */
function behindOf(behind: ProbeRoute['behind'], family: Probe['family']): IpAddress | undefined {
  return behind?.container.attachments.flatMap((attachment) => addressOn(attachment, family) ?? []).at(0);
}
