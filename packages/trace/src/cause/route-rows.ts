import { prefixContains, prefixLength } from '@fairlead/base';
import type { Case } from '../model/case.ts';
import { linkNamed, linkNumbered, type NamespaceFacts, refusalOf } from '../model/facts.ts';
import type { Sighting } from '../model/hops.ts';
import type { Fix } from '../model/report.ts';
import { wentThroughHost } from './passage.ts';
import { policyTrouble } from './policy-trouble.ts';
import { type CauseRow, commandIn, dropEvidence, familyText, onwardText, sysctlFix } from './row.ts';

/** How the namespace that facts are about is pinned. */
export function namespaceOf(trace: Case, facts: NamespaceFacts | undefined): string {
  return trace.namespaceName(facts?.inode ?? 0) ?? '';
}

/** True for a packet that had come in where it was dropped, so that it was to be passed on. */
function wasPassing({ outcome: { drop }, observation }: Case): boolean {
  const isHere = (sighting: Sighting) =>
    sighting.role === drop?.role && sighting.namespace === drop.namespace && sighting.event === 'received';
  // Where the packet itself cannot be watched, a drop is all there may be.
  return observation.sightings.every(({ event }) => event === 'dropped') || observation.sightings.some(isHere);
}

const forwardingOff: CauseRow = {
  code: 'forwarding-off',
  explain: (trace) => {
    const { outcome, facts, family, destination } = trace;
    const { drop } = outcome;
    const last = facts.last;
    if (
      drop === undefined ||
      last === undefined ||
      drop.reason === 'NETFILTER_DROP' ||
      drop.reason === 'OTHERHOST' ||
      isLocalHere(last) ||
      !wasPassing(trace)
    )
      return undefined;
    const keys = Object.entries(last.sysctls).filter(([key]) =>
      family === 4 ? /ip_forward$|\.forwarding$/.test(key) : /^net\.ipv6\.conf\..*forwarding$/.test(key),
    );
    const off = keys.find(
      ([key, value]) =>
        value === '0' &&
        (family === 4 ||
          /\.all\./.test(key) ||
          !keys.some(([other]) => /\.all\./.test(other) && other !== key && last.sysctls[other] === '1')),
    );
    if (off === undefined || last.place === destination.container?.name) return undefined;
    const [key] = off;
    return {
      text: `${last.place} does not forward ${familyText(trace)} packets: ${key} is 0.`,
      evidence: [dropEvidence(trace), `${key} = 0`],
      fixes: [
        sysctlFix(
          { namespace: namespaceOf(trace, last), key, value: '1', previous: '0' },
          { text: 'Switch forwarding on', scope: 'this host routes packets between its networks' },
        ),
      ],
    };
  },
};

function isLocalHere({ onward }: NamespaceFacts): boolean {
  return onward?.route?.type === 'local';
}

/** Dropped by a queue or a filter of traffic control. */
const trafficControl: CauseRow = {
  code: 'traffic-control',
  explain: (trace) => {
    const { drop } = trace.outcome;
    if (drop?.reason === undefined || !/^(QDISC|TC_|XDP|FQ_|CPU_BACKLOG|DEV_)/.test(drop.reason)) return undefined;
    const device = drop.device?.name ?? 'an interface';
    const place = trace.placeName(drop.namespace);
    const commands = [`tc -s qdisc show dev ${device}`, `tc filter show dev ${device} ingress`];
    return {
      text: `The queue or a filter of traffic control of ${device} in ${place} dropped it (${drop.reason}): a limit is reached, or a filter says so.`,
      evidence: [dropEvidence(trace)],
      fixes: [{ text: 'See what is set there', commands, undo: [] }],
    };
  },
};

const martian: CauseRow = {
  code: 'martian',
  explain: (trace) => {
    const { drop } = trace.outcome;
    if (
      drop?.reason === undefined ||
      !['IP_LOCALNET', 'IP_LOCAL_SOURCE', 'IP_INVALID_SOURCE', 'IP_INVALID_DEST', 'INVALID_PROTO'].includes(drop.reason)
    )
      return undefined;
    const { source, destination } = drop.header;
    const odd = [source, destination].find((address) => address.startsWith('127.')) ?? source;
    return {
      text: `${odd} cannot come in by an interface: addresses like it only exist within one machine (net.ipv4.conf.*.route_localnet).`,
      evidence: [dropEvidence(trace), `${source} → ${destination}`],
    };
  },
};

const routeBlocked: CauseRow = {
  code: 'route-blocked',
  explain: (trace) => {
    const { outcome, facts } = trace;
    const { last } = facts;
    if (outcome.drop === undefined && outcome.reply?.role !== 'error') return undefined;
    const type = last?.onward?.route?.type;
    const errno = last?.onward?.errno;
    const isBlocking =
      type === 'blackhole' ||
      type === 'prohibit' ||
      (type === 'unreachable' && !isDefaultUnreachable(last)) ||
      errno === 'EACCES' ||
      errno === 'EHOSTUNREACH' ||
      (errno === 'EINVAL' && trace.outcome.drop?.reason !== 'IP_RPFILTER');
    if (last === undefined || !(isBlocking || isRefusedByRouting(trace)) || isOtherwise(trace)) return undefined;
    const word = (last.onward && refusalOf(last.onward)) ?? type;
    const mark = outcome.drop?.mark;
    return {
      text: `${isBlocking && word !== undefined ? `${word === 'unreachable' ? 'An' : 'A'} ${word} route or rule` : 'A route or rule that refuses packets,'} in ${last.place} refuses ${outcome.drop?.header.destination ?? trace.destination.address}${mark === undefined ? '' : ` (rules have put the mark 0x${mark.toString(16)} on the packet)`}.`,
      evidence: [dropEvidence(trace), onwardText(last)],
      fixes: [findRouteFix(namespaceOf(trace, last), trace, isBlocking ? word : undefined)],
    };
  },
};

/** Where the kernel ends packets for which routing has found a route that refuses. */
function isRefusedByRouting({ outcome: { drop } }: Case): boolean {
  return drop?.reason === 'NOT_SPECIFIED' && /^(ip_error|dst_discard)/.test(drop.function ?? '');
}

/** Reasons that have nothing to do with routes. */
function isOtherwise({ outcome: { drop } }: Case): boolean {
  return drop?.reason === 'NETFILTER_DROP' || drop?.reason === 'OTHERHOST' || drop?.reason === 'NO_SOCKET';
}

/** The entry at the end of IPv6's table that stands for "no route". */
function isDefaultUnreachable(facts: NamespaceFacts | undefined): boolean {
  const destination = facts?.onward?.route?.destination;
  return destination === '::/0' || facts?.onward?.route?.table === 0;
}

const noRoute: CauseRow = {
  code: 'no-route',
  explain: (trace) => {
    const { outcome, facts } = trace;
    const { last } = facts;
    const errno = last?.onward?.errno;
    const none =
      errno === 'ENETUNREACH' ||
      last?.onward?.route?.type === 'unreachable' ||
      /NOROUTE/.test(outcome.drop?.reason ?? '');
    if (
      last === undefined ||
      !none ||
      isOtherwise(trace) ||
      (outcome.drop === undefined && outcome.reply === undefined)
    )
      return undefined;
    const address = outcome.drop?.header.destination ?? trace.destination.address;
    const policy = policyTrouble(last, address, trace.family, namespaceOf(trace, last));
    if (policy !== undefined)
      return { ...policy, evidence: [dropEvidence(trace), onwardText(last), ...policy.evidence] };
    const down =
      last.place === 'host'
        ? last.links.filter(({ up, kind, masterIndex }) => !up && kind !== 'bridge' && masterIndex === undefined)
        : [];
    return {
      text: `${last.place} has no route to ${address}${down.length === 0 ? '' : `; interfaces that are down have none: ${down.map(({ name }) => name).join(', ')}`}.`,
      evidence: [dropEvidence(trace), onwardText(last), ...down.map(({ name }) => `${name} in ${last.place}: down`)],
      fixes: [
        {
          text: 'Give it one',
          commands: [
            commandIn(namespaceOf(trace, last), `ip ${trace.family === 6 ? '-6 ' : ''}route add default via GATEWAY`),
          ],
          undo: [commandIn(namespaceOf(trace, last), `ip ${trace.family === 6 ? '-6 ' : ''}route del default`)],
        },
      ],
    };
  },
};

/** Where to look for a route or a rule that refuses. */
export function findRouteFix(namespace: string | undefined, { family }: Case, word: string | undefined): Fix {
  const ip = family === 6 ? 'ip -6' : 'ip';
  const commands = [`${ip} rule`, `${ip} route show table all${word === undefined ? ' dev lo' : ` type ${word}`}`];
  return {
    text: 'Find the route or rule and take it away',
    commands: commands.map((each) => commandIn(namespace, each)),
    undo: [],
  };
}

/** The route that comes with a network is gone: what is left leads elsewhere. */
const networkRouteMissing: CauseRow = {
  code: 'network-route-missing',
  explain: (trace) => {
    const { facts, destination, directory, family } = trace;
    const { host } = facts;
    const entry = host?.entry;
    if (host === undefined || entry?.type !== 'unicast' || entry.table !== MAIN || !wentThroughHost(trace))
      return undefined;
    for (const { network, ipv4, ipv6 } of destination.container?.attachments ?? []) {
      const address = family === 4 ? ipv4 : ipv6;
      const place = directory.networks.find(({ name, driver }) => name === network && driver === 'bridge');
      const subnet = place?.subnets.find((each) => address !== undefined && prefixContains(each, address));
      const bridge = linkNamed(host, place?.interface);
      if (subnet === undefined || bridge === undefined || entry.outgoing === bridge.index) continue;
      if (!bridge.up || bridge.carrier === false || prefixLength(entry.destination) >= prefixLength(subnet)) continue;
      const left = linkNumbered(host, entry.outgoing)?.name ?? 'another interface';
      const ip = family === 6 ? 'ip -6' : 'ip';
      const route = (verb: string) => `${ip} route ${verb} ${subnet} dev ${bridge.name}`;
      return {
        text: `The host has lost its route to the network ${network} (${subnet} by ${bridge.name}): packets for ${destination.container?.name} go by ${left}, as ${entry.destination} does.`,
        evidence: [
          onwardText(host),
          `routing table main of the host: ${entry.destination} by ${left} is all there is for ${address}`,
        ],
        verdict: 'dropped',
        fixes: [
          {
            text: 'Give it back',
            commands: [route('add')],
            undo: [route('del')],
          },
        ],
      };
    }
    return undefined;
  },
};

/** RT_TABLE_MAIN. */
const MAIN = 254;

/** The host sends it elsewhere than to the network that the address belongs to. */
const routeElsewhere: CauseRow = {
  code: 'route-elsewhere',
  explain: (trace) => {
    const { facts, destination, directory, observation } = trace;
    const { container } = destination;
    const host = facts.host;
    if (container === undefined || host === undefined || container.namespace === '') return undefined;
    const interfaces = container.attachments.flatMap(
      ({ network }) => directory.networks.find(({ name }) => name === network)?.interface ?? [],
    );
    const chosen = linkNumbered(host, host.onward?.route?.outgoing)?.name;
    const arrived = observation.sightings.some(
      ({ namespace, role }) => role === 'request' && namespace === facts.destination?.inode,
    );
    if (
      arrived ||
      chosen === undefined ||
      interfaces.length === 0 ||
      interfaces.includes(chosen) ||
      !wentThroughHost(trace)
    )
      return undefined;
    // Without its own route, which goes with its bridge, any other one leads elsewhere.
    const bridge = linkNamed(host, interfaces[0]);
    if (bridge?.up !== true || bridge.carrier === false) return undefined;
    if (host.onward?.route?.type === 'local') {
      const address = container.attachments.map(({ ipv4, ipv6 }) => (trace.family === 4 ? ipv4 : ipv6)).find(Boolean);
      return {
        text: `The host takes the address ${address} of ${container.name} for its own: an interface of it has the address too, or a local route says so.`,
        evidence: [onwardText(host), `route lookup in host for ${address}: local`],
        verdict: 'dropped',
        fixes: [
          {
            text: 'Find who has it',
            commands: [`ip addr show to ${address}`, `ip route show table all ${address}`],
            undo: [],
          },
        ],
      };
    }
    const subnet = host.onward?.route?.destination;
    const ip = trace.family === 6 ? 'ip -6' : 'ip';
    return {
      text: `The host sends packets for ${container.name} by ${chosen} instead of ${interfaces.join(', ')}: another route (a VPN's?) covers its subnet.`,
      evidence: [onwardText(host), `network of ${container.name}: ${interfaces.join(', ')}`],
      verdict: 'dropped',
      fixes: [
        {
          text: 'Take the other route away, or make the network anew with another subnet',
          commands: [`${ip} route del ${subnet ?? 'PREFIX'} dev ${chosen}`],
          undo: [`${ip} route add ${subnet ?? 'PREFIX'} dev ${chosen}`],
        },
      ],
    };
  },
};

/** Causes that routes and sysctls tell of the way there. */
export const routeRows = {
  trafficControl,
  martian,
  networkRouteMissing,
  routeElsewhere,
  forwardingOff,
  routeBlocked,
  noRoute,
};
