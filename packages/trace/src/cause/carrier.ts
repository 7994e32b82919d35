import { familyOf } from '@fairlead/base';
import { tunnelDetails } from '@fairlead/netlink/tracing';
import type { Case } from '../model/case.ts';
import type { NamespaceFacts, TunnelFacts } from '../model/facts.ts';
import { carrierText, type Sighting } from '../model/hops.ts';
import type { Carrier } from '../packet/carried-packet.ts';
import { askers, isUnknown } from './asker.ts';

/** What became of the packet that carries the probe, told as if that were the probe. */
export interface CarrierCase {
  /** `VXLAN id 5 from 192.0.2.2 to 192.0.2.1, UDP port 4789`. */
  readonly text: string;
  readonly trace: Case;
}

/**
 * Where the probe ended inside another packet, that one's case: what stops it is what stops any packet, and the same rows
 * know it. One that was never seen is taken to be as its tunnel is told to make it.
 */
export function carrierCase(trace: Case): CarrierCase | undefined {
  const { drop, reply, last } = trace.outcome;
  if (drop !== undefined && drop.carrier === undefined) return undefined;
  const carrier = drop?.carrier ?? reply?.about ?? (reply === undefined ? last?.carrier : undefined);
  if (carrier !== undefined) return { text: carrierText(carrier), trace: caseOf(trace, carrier) };
  const waits = reply === undefined && drop === undefined ? waitingCarrier(trace) : undefined;
  return waits && { text: waits.text, trace: caseOf(waits.trace, waits.carrier) };
}

interface WaitingCarrier {
  readonly text: string;
  readonly carrier: Carrier;
  readonly trace: Case;
}

/** It is in the tunnel, or would be if the question for its neighbour got through the tunnel. */
function waitingCarrier(trace: Case): WaitingCarrier | undefined {
  const { outcome, facts, observation, placeName } = trace;
  // A copy with which a neighbour is asked for is used up there.
  const hasLeft = observation.sightings.some(({ carrier, event }) => carrier !== undefined && event !== 'used');
  if (facts.tunnel === undefined || hasLeft) return undefined;
  const asked = askers(trace).flatMap((asker) => (isUnknown(asker) ? [asker.address] : []));
  const question = facts.neighborDrops?.find(
    ({ carrier, reason, target }) => carrier !== undefined && !isOfCourse(reason) && asked.includes(target),
  );
  if (question?.carrier === undefined) {
    const told = toldCarrier(facts.tunnel);
    return told && { ...told, trace };
  }
  const { carrier, time, reason, function: dropper, inode, device } = question;
  const end: Sighting = {
    role: 'request',
    event: 'dropped',
    time,
    packetAddress: 0n,
    namespace: inode,
    header: carrier.header,
    carrier,
    reason,
    ...(device !== undefined && { device: { index: 0, name: device } }),
    ...(dropper !== undefined && { function: dropper }),
  };
  const text = `${carrierText(carrier)}, with the question for the neighbour ${question.target}; dropped in ${placeName(inode)}`;
  return { text, carrier, trace: { ...trace, outcome: { ...outcome, verdict: 'dropped', drop: end } } };
}

/** What happens to every copy of a question that goes to everybody. */
function isOfCourse(reason: string): boolean {
  return reason === 'OTHERHOST' || reason === 'CONSUMED' || reason === 'NOT_SPECIFIED';
}

/** As the tunnel is told to make it. */
function toldCarrier(tunnel: TunnelFacts): { readonly carrier: Carrier; readonly text: string } | undefined {
  const route = tunnel.way.onward?.route;
  if (tunnel.far === undefined) return undefined;
  const told = tunnelDetails(tunnel.link);
  const source = told?.local ?? route?.source ?? tunnel.far;
  const { far: destination, link } = tunnel;
  const ports = told?.port === undefined ? {} : { destinationPort: told.port };
  const header = {
    family: familyOf(destination),
    source,
    destination,
    protocol: 0,
    lifetime: 0,
    marks: [0, 0],
    ...ports,
  } as const;
  const port = told?.port === undefined ? '' : `, UDP port ${told.port}`;
  return {
    carrier: { kind: 'ipip', header },
    text: `${link.kind} of ${link.name} to ${destination}${port}; none was seen to leave`,
  };
}

function caseOf(trace: Case, { header }: Carrier): Case {
  const { outcome, facts, observation, namespaceName } = trace;
  const { source, destination, destinationPort, family } = header;
  const { reply, drop, last, rule, verdict, harmless } = outcome;
  const start = facts.tunnel?.way ?? facts.last ?? facts.source;
  const outer = ({ carrier, ...sighting }: Sighting): Sighting => ({ ...sighting, header: carrier?.header ?? header });
  return {
    protocol: 'udp',
    family,
    source: { name: start.place, address: source, namespace: namespaceName(start.inode) ?? '', arrival: false },
    destination: {
      name: destination,
      address: destination,
      published: false,
      local: false,
      ...(destinationPort !== undefined && { port: destinationPort, innerPort: destinationPort }),
    },
    observation: {
      ...observation,
      sightings: observation.sightings.flatMap((each) => (each.carrier === undefined ? [] : [outer(each)])),
      sourceNamespace: start.inode,
    },
    outcome: {
      verdict,
      harmless,
      returned: false,
      ...(rule && { rule }),
      ...(drop && { drop: outer(drop) }),
      ...(last && { last: outer(last) }),
      ...(reply?.about && { reply }),
    },
    facts: {
      source: start,
      // Of one that was never seen, where it would have been.
      last: drop === undefined && last?.carrier === undefined ? start : (facts.last ?? start),
      sockets: [],
      ...(facts.host && { host: start.inode === facts.host.inode ? start : interfacesOf(facts.host) }),
      ...(facts.neighborDrops && { neighborDrops: facts.neighborDrops }),
    },
    directory: trace.directory,
    placeName: trace.placeName,
    namespaceName,
  };
}

/** What it says about its own way is about the probe's. */
function interfacesOf({ place, inode, links, sysctls, legacyTables }: NamespaceFacts): NamespaceFacts {
  return { place, inode, links, sysctls, legacyTables };
}
