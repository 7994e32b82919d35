import { isTunnel, tunnelDetails } from '@fairlead/netlink/tracing';
import type { Case } from '../model/case.ts';
import { linkNamed, type NamespaceFacts, refusalOf } from '../model/facts.ts';
import { carrierText } from '../model/hops.ts';
import type { Fix } from '../model/report.ts';
import type { Carrier } from '../packet/carried-packet.ts';
import { type CauseRow, commandIn, dropEvidence } from './row.ts';

/** What a tunnel says about its far end when it drops (include/net/dropreason-core.h). */
function reasonText({ outcome: { drop }, facts: { tunnel } }: Case): string {
  if (drop?.reason === 'NO_TX_TARGET')
    return 'it knows no far end for that hardware address (its forwarding table has none, and it has no remote)';
  if (drop?.reason !== 'IP_OUTNOROUTES') return `the kernel says ${drop?.reason}`;
  const { onward } = tunnel?.way ?? {};
  const refusal = onward && refusalOf(onward);
  if (refusal !== undefined)
    return `${refusal === 'unreachable' ? 'an' : 'a'} ${refusal} route or rule refuses its far end`;
  if (onward?.route !== undefined && onward.route.outgoing === tunnel?.link.index)
    return 'the route to its far end leads into the tunnel itself';
  return onward?.route === undefined ? 'there is no route to its far end' : 'the kernel finds no route to its far end';
}

/** True for what was given to a tunnel, and not for what has come out of one. */
function wasSending({ outcome: { drop }, observation }: Case): boolean {
  const before = observation.sightings.findLast(
    ({ packetAddress, time }) => drop !== undefined && packetAddress === drop.packetAddress && time < drop.time,
  );
  return before === undefined || before.event === 'sent';
}

/** A tunnel could not send on what it was given. */
const tunnelBroken: CauseRow = {
  code: 'tunnel-broken',
  explain: (trace) => {
    const { drop } = trace.outcome;
    const link = linkNamed(trace.facts.last, drop?.device?.name);
    if (drop === undefined || drop.carrier !== undefined || !isTunnel(link?.kind) || !wasSending(trace))
      return undefined;
    if (link === undefined || drop.reason === 'NETFILTER_DROP') return undefined;
    const { far, way } = trace.facts.tunnel ?? {};
    const place = trace.placeName(drop.namespace);
    const commands = [
      `ip -d link show ${link.name}`,
      `bridge fdb show dev ${link.name}`,
      `ip route get ${far ?? 'FAR-END'}`,
    ];
    return {
      text: `The tunnel ${link.name} (${link.kind}) of ${place} cannot send it on${far === undefined ? '' : ` to ${far}`}: ${reasonText(trace)}.`,
      evidence: [dropEvidence(trace), `${link.name} in ${place}: ${link.kind}`, ...routeEvidence(far, way)],
      verdict: 'dropped',
      fixes: [{ text: 'Look where it is to lead', commands, undo: [] }],
    };
  },
};

function routeEvidence(far: string | undefined, way: NamespaceFacts | undefined): string[] {
  const { onward } = way ?? {};
  if (far === undefined || way === undefined || onward === undefined) return [];
  const link = way.links.find(({ index }) => index === onward.route?.outgoing);
  return [
    `route lookup in ${way.place} for ${far}: ${onward.errno ?? `${onward.route.type} ${link?.name ?? ''}`.trim()}`,
  ];
}

/** It came to the far end, where nobody takes such packets. */
const farEndClosed: CauseRow = {
  code: 'tunnel-end-missing',
  explain: (trace) => {
    const { drop, reply } = trace.outcome;
    const carrier = drop?.carrier ?? reply?.about;
    if (carrier === undefined || !(drop?.reason === 'NO_SOCKET' || saysNobody(trace))) return undefined;
    const { destination, destinationPort } = carrier.header;
    const at = destinationPort === undefined ? '' : ` on UDP port ${destinationPort}`;
    return {
      text: `It came to ${destination} in ${carrierText(carrier)}, and nobody there takes such packets${at}: no tunnel of that kind is up there, or it has another port.${hereText(trace)}`,
      evidence: [...carrierEvidence(trace, carrier), ...endsHere(trace)],
      verdict: 'dropped',
      fixes: [lookThere(trace)],
    };
  },
};

/** ICMP's "port unreachable", and "protocol unreachable" of what has no ports. */
function saysNobody({ outcome: { reply } }: Case): boolean {
  if (reply?.about === undefined) return false;
  const { family, type, code } = reply.header;
  return family === 4
    ? type === 3 && (code === 2 || code === 3)
    : (type === 1 && code === 4) || (type === 4 && code === 1);
}

/** The far end knows no such number. */
const numberUnknown: CauseRow = {
  code: 'tunnel-number-unknown',
  explain: (trace) => {
    const { drop } = trace.outcome;
    if (drop?.carrier === undefined || drop.reason !== 'VXLAN_VNI_NOT_FOUND') return undefined;
    const { carrier } = drop;
    return {
      text: `It came to ${carrier.header.destination} in ${carrierText(carrier)}, which has no VXLAN with the id ${carrier.id} on that port.${hereText(trace)}`,
      evidence: [...carrierEvidence(trace, carrier), ...endsHere(trace)],
      verdict: 'dropped',
      fixes: [lookThere(trace)],
    };
  },
};

function carrierEvidence(trace: Case, carrier: Carrier): string[] {
  const { drop, reply } = trace.outcome;
  const told = reply?.about && `ICMP: ${reply.header.source} says that nobody takes it`;
  return [
    `kernel: it was seen in ${carrierText(carrier)}`,
    ...(drop === undefined ? [] : [dropEvidence(trace)]),
    ...(told === undefined ? [] : [told]),
  ];
}

/** Tunnels of the place where it ended, when that is on this machine. */
function endsHere({ facts: { last }, outcome: { drop } }: Case): string[] {
  if (drop === undefined || last === undefined) return [];
  return last.links.flatMap((link) => {
    const { id, port } = tunnelDetails(link) ?? {};
    if (!isTunnel(link.kind)) return [];
    const words = [id === undefined ? '' : ` id ${id}`, port === undefined ? '' : ` port ${port}`];
    return [`${link.name} in ${last.place}: ${link.kind}${words.join('')}, ${link.up ? 'up' : 'down'}`];
  });
}

function hereText(trace: Case): string {
  if (trace.outcome.drop === undefined) return '';
  const ends = endsHere(trace);
  return ends.length === 0 ? ' There is no tunnel.' : ` There is ${ends.join('; ')}.`;
}

function lookThere({ outcome: { drop }, namespaceName }: Case): Fix {
  const namespace = namespaceName(drop?.namespace ?? 0);
  const commands = ['ip -d link show type vxlan', 'ss -Hlun'].map((command) => commandIn(namespace, command));
  return { text: 'Look at the far end', commands, undo: [] };
}

/** Packets that are put into others have to leave room for what is added. */
export function smallerTunnel({ facts: { tunnel } }: Case): Fix {
  const command = (size: number | 'SIZE') =>
    commandIn(tunnel?.namespace, `ip link set ${tunnel?.link.name ?? 'TUNNEL'} mtu ${size}`);
  return {
    text: 'Give the tunnel an mtu that leaves room for what it adds: of VXLAN and Geneve 50 bytes, over IPv6 70',
    commands: [command('SIZE')],
    undo: tunnel === undefined ? [] : [command(tunnel.link.mtu)],
  };
}

/** It went into a tunnel, and no answer came out. */
const tunnelSilent: CauseRow = {
  code: 'no-answer-from-tunnel',
  explain: ({ outcome, facts, destination }) => {
    const { last } = outcome;
    const link = facts.tunnel?.link;
    if (outcome.verdict !== 'lost' || last === undefined || link === undefined) return undefined;
    const by = last.device?.name ?? 'an interface';
    const where =
      last.carrier === undefined
        ? `It went into the tunnel ${link.name} (${link.kind}); no packet that carries it was seen to leave`
        : `It left this machine by ${by}, in ${carrierText(last.carrier)}`;
    return {
      text: `${where}, and no answer from ${destination.address} came out of the tunnel ${link.name}. What happens at its far end cannot be seen from here: the tunnel may not be there, not know the way back, or somebody on the way drops such packets.`,
      evidence: [`kernel: last seen sent by ${by}`, `${link.name}: ${link.kind}`],
    };
  },
};

/** Causes of what went into a tunnel. */
export const tunnelRows = { tunnelBroken, tunnelSilent, farEndClosed, numberUnknown };
