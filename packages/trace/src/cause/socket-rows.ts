import {
  type Family,
  familyOf,
  type IpAddress,
  isLoopback,
  isUnspecified,
  nameServerAddress,
  type PortRange,
} from '@fairlead/base';
import type { SocketDetails } from '@fairlead/netlink/sockets';
import type { Case } from '../model/case.ts';
import type { Publication } from '../model/directory.ts';
import { linkNumbered } from '../model/facts.ts';
import { type CauseRow, dropEvidence, publicationText, publishCommand } from './row.ts';

/** True when the packet arrived where it was to arrive, and nobody was there to take it. */
function isUnclaimed({ outcome, observation, facts, destination }: Case): boolean {
  const { drop, verdict } = outcome;
  if (drop === undefined) return verdict === 'refused';
  const isThere =
    drop.namespace === observation.destinationNamespace ||
    (destination.container === undefined &&
      drop.header.destination === destination.address &&
      facts.last?.inode === drop.namespace);
  return drop.reason === 'NO_SOCKET' && drop.role === 'request' && isThere;
}

/** Sockets on the wanted port; those of UDP that are connected take nothing from others. */
export function onPort({ facts, destination }: Case, connected = false): readonly SocketDetails[] {
  return facts.sockets.filter(
    ({ local, remote }) => local.port === destination.innerPort && (connected || remote.port === 0),
  );
}

/** What listens there on the wanted port. */
export function socketEvidence({ protocol, destination }: Case, sockets: readonly SocketDetails[]): string {
  const place = destination.container?.name ?? destination.name;
  const list = [...new Set(sockets.map(({ local }) => `${local.address}:${local.port}`))];
  return `sockets of ${place} that take ${protocol.toUpperCase()}: ${list.join(', ') || 'none'}`;
}

const publishedElsewhere: CauseRow = {
  code: 'published-elsewhere',
  explain: (trace) => {
    const { destination, directory, protocol } = trace;
    if (!isUnclaimed(trace) || !destination.local || destination.published) return undefined;
    if (destination.port === undefined) return undefined;
    const port = destination.port;
    const leads = (each: Publication) => each.protocol === protocol && isWithin(port, each.hostPorts);
    const container = directory.containers.find(
      ({ namespace, publications }) => namespace !== undefined && publications.some(leads),
    );
    const found = container?.publications.filter(leads) ?? [];
    const [first] = found;
    if (container === undefined || first === undefined) return undefined;
    const where = found.map(({ hostAddress }) => hostAddress).join(' and ');
    // The list replaces all that is published.
    const others = container.publications.filter((each) => !leads(each)).map((each) => publicationText(each));
    return {
      text: `Port ${port} is published for ${container.name}, but only on ${where}, not on ${destination.address}.`,
      evidence: [dropEvidence(trace), ...found.map((each) => `${container.name}: -p ${publicationText(each)}`)],
      fixes: [
        {
          text: 'Publish it on every address',
          scope: 'everybody who reaches this host',
          commands: [publishCommand(container.name, [...others, publicationText(first, '')])],
          undo: [publishCommand(container.name, [...others, ...found.map((each) => publicationText(each))])],
        },
      ],
    };
  },
};

function isWithin(port: number, { first, last }: PortRange): boolean {
  return first <= port && port <= last;
}

const onLoopbackOnly: CauseRow = {
  code: 'listens-on-loopback',
  explain: (trace) => {
    const sockets = onPort(trace);
    if (!isUnclaimed(trace) || sockets.length === 0 || !sockets.every(({ local }) => isLoopback(local.address)))
      return undefined;
    const place = trace.destination.container?.name ?? trace.destination.name;
    return {
      text: `The server in ${place} listens on ${sockets[0]?.local.address} only, which nobody outside of ${place} reaches. It has to listen on 0.0.0.0 or ::.`,
      evidence: [dropEvidence(trace), socketEvidence(trace, sockets)],
    };
  },
};

const otherFamily: CauseRow = {
  code: 'listens-on-other-family',
  explain: (trace) => {
    const sockets = onPort(trace).filter(({ local }) => !isLoopback(local.address));
    if (!isUnclaimed(trace) || sockets.length === 0 || sockets.some((socket) => takesFamily(socket, trace.family)))
      return undefined;
    const place = trace.destination.container?.name ?? trace.destination.name;
    const [have, want] = trace.family === 6 ? ['IPv4', 'IPv6'] : ['IPv6', 'IPv4'];
    return {
      text: `The server in ${place} takes ${have} only, and the packet was ${want}.`,
      evidence: [dropEvidence(trace), socketEvidence(trace, sockets)],
    };
  },
};

/** A socket of IPv6 on no address in particular takes IPv4 as well, unless it is told not to. */
function takesFamily({ local: { address }, v6Only }: SocketDetails, family: Family): boolean {
  return familyOf(address) === family || (familyOf(address) === 6 && isUnspecified(address) && v6Only !== true);
}

const otherAddress: CauseRow = {
  code: 'listens-on-other-address',
  explain: (trace) => {
    const asked = addressesAsked(trace);
    const sockets = onPort(trace).filter(
      ({ local }) => !isUnspecified(local.address) && !asked.includes(local.address),
    );
    if (!isUnclaimed(trace) || sockets.length === 0) return undefined;
    return {
      text: `The server listens on ${sockets.map(({ local }) => local.address).join(', ')} only, and the packet was for another address.`,
      evidence: [dropEvidence(trace), socketEvidence(trace, sockets)],
    };
  },
};

/** What the packet was for when it was last seen; else what it may have been for, as it was or translated. */
function addressesAsked({ outcome, destination }: Case): readonly IpAddress[] {
  if (outcome.drop !== undefined) return [outcome.drop.header.destination];
  const own = destination.container?.attachments.flatMap(({ ipv4, ipv6 }) => [ipv4 ?? [], ipv6 ?? []].flat()) ?? [];
  return [destination.address, ...own];
}

/** A server that is bound to another interface takes nothing from the one that it came by. */
const otherInterface: CauseRow = {
  code: 'listens-on-other-interface',
  explain: (trace) => {
    const sockets = onPort(trace);
    const { facts, outcome } = trace;
    const came = outcome.drop?.device?.index;
    if (!isUnclaimed(trace) || sockets.length === 0 || !sockets.every(({ device }) => device && device !== came))
      return undefined;
    const names = sockets.map(({ device }) => linkNumbered(facts.destination, device)?.name ?? `#${device}`);
    const place = trace.destination.container?.name ?? trace.destination.name;
    return {
      text: `The server in ${place} takes only what comes by ${names.join(', ')} (SO_BINDTODEVICE), and the packet came by ${outcome.drop?.device?.name ?? 'another interface'}.`,
      evidence: [dropEvidence(trace), socketEvidence(trace, sockets), `bound to ${names.join(', ')}`],
    };
  },
};

const nobodyListens: CauseRow = {
  code: 'nobody-listens',
  explain: (trace) => {
    if (!isUnclaimed(trace)) return undefined;
    const { destination, protocol, facts } = trace;
    const outside = trace.observation.destinationNamespace === undefined;
    const { drop } = trace.outcome;
    const place =
      outside && drop !== undefined
        ? trace.placeName(drop.namespace)
        : (destination.container?.name ?? destination.name);
    const nameServers: readonly string[] = Object.values(nameServerAddress);
    const own = facts.sockets.filter(({ local }) => !nameServers.includes(local.address));
    const ports = [...new Set(own.map(({ local }) => local.port))].sort((a, b) => a - b);
    const others = outside
      ? ''
      : ports.length === 0
        ? ' Nothing at all listens there.'
        : ` Ports that are listened on: ${ports.slice(0, 8).join(', ')}.`;
    return {
      text: `Nobody in ${place} listens on ${protocol} port ${destination.innerPort ?? destination.port}.${others}`,
      evidence: [dropEvidence(trace), ...(outside ? ['the answer came from there'] : [socketEvidence(trace, own)])],
    };
  },
};

/** Reasons for which a socket that is there does not take a packet (include/net/dropreason-core.h). */
const fullReasons: Readonly<Record<string, string>> = {
  SOCKET_RCVBUFF: 'its receive buffer is full: the program does not read fast enough',
  SOCKET_BACKLOG: 'its backlog is full: the program does not read fast enough',
  TCP_LISTEN_OVERFLOW: 'its queue of connections is full: the program does not accept them fast enough',
  TCP_REQQFULLDROP: 'its queue of half-open connections is full',
  SOCKET_FILTER: 'a filter on the socket refuses it',
  PROTO_MEM: 'the memory for the protocol is used up',
};

const socketFull: CauseRow = {
  code: 'socket-full',
  explain: (trace) => {
    const { drop } = trace.outcome;
    const why = drop?.reason === undefined ? undefined : fullReasons[drop.reason];
    // TCP uses the packet up without a word when its queue is full.
    const waiting =
      trace.protocol === 'tcp' && trace.outcome.reply === undefined && drop === undefined
        ? onPort(trace).find(isFull)
        : undefined;
    const queue = /LISTEN|tcp_conn_request/.test(`${drop?.reason} ${drop?.function}`) || waiting !== undefined;
    if (why === undefined && !queue) return undefined;
    const place = trace.destination.container?.name ?? trace.destination.name;
    return {
      text: `A program in ${place} has the port, but ${why ?? 'its queue of connections is full: the program does not accept them fast enough'}.`,
      evidence: [
        ...(waiting === undefined
          ? [dropEvidence(trace)]
          : [`${waiting.receiveQueue} connections wait to be accepted, ${waiting.sendQueue} may`]),
        socketEvidence(trace, onPort(trace)),
      ],
      verdict: 'dropped',
    };
  },
};

/** The kernel takes one more than may wait (sk_acceptq_is_full). */
function isFull({ receiveQueue, sendQueue }: SocketDetails): boolean {
  return receiveQueue > sendQueue;
}

/** A port that a container has published that does not run. */
const notRunning: CauseRow = {
  code: 'target-not-running',
  explain: (trace) => {
    const { destination, directory, protocol } = trace;
    const { port } = destination;
    if (!isUnclaimed(trace) || !destination.local || port === undefined) return undefined;
    const owner = directory.containers.find(
      ({ namespace, publications }) =>
        namespace === undefined &&
        publications.some((each) => each.protocol === protocol && isWithin(port, each.hostPorts)),
    );
    if (owner === undefined) return undefined;
    return {
      text: `Port ${port} is published for ${owner.name}, which is not running.`,
      evidence: [dropEvidence(trace), `${owner.name}: not running`],
      fixes: [{ text: 'Start it', commands: [`docker start ${owner.name}`], undo: [`docker stop ${owner.name}`] }],
    };
  },
};

/** Causes that the sockets at the destination tell. */
export const socketRows: readonly CauseRow[] = [
  notRunning,
  publishedElsewhere,
  onLoopbackOnly,
  otherFamily,
  otherAddress,
  otherInterface,
  nobodyListens,
  socketFull,
];
