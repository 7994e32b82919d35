import type { Case } from '../model/case.ts';
import { linkNamed, linkNumbered, type NamespaceFacts } from '../model/facts.ts';
import { type CauseRow, commandIn, dropEvidence, familyText, sysctlFix } from './row.ts';

/** What the kernel says about the way from where it was last seen. */
function onwardText({ onward, place }: NamespaceFacts): string {
  if (onward === undefined) return `${place}: no route was asked for`;
  if (onward.errno !== undefined) return `route lookup in ${place}: ${onward.errno}`;
  const { type, gateway, destination } = onward.route;
  return `route lookup in ${place}: ${type} ${destination}${gateway === undefined ? '' : ` via ${gateway}`}`;
}

function namespaceOf(trace: Case, facts: NamespaceFacts | undefined): string {
  if (facts?.inode === trace.facts.source.inode) return trace.source.namespace ?? '';
  return facts !== undefined && facts.inode === trace.facts.destination?.inode
    ? (trace.destination.namespace ?? '')
    : '';
}

const notSent: CauseRow = {
  code: 'not-sent',
  explain: (trace) => {
    const { sendFailure, source, outcome } = trace;
    if (sendFailure === undefined || outcome.drop !== undefined) return undefined;
    const evidence = [`send in ${source.name}: ${sendFailure}`];
    if (sendFailure === 'EPERM')
      return { text: `A rule of ${source.name}'s own for outgoing packets drops it.`, evidence, verdict: 'dropped' };
    return { text: `${source.name} could not send it: ${sendFailure}.`, evidence, verdict: 'dropped' };
  },
};

const tooBig: CauseRow = {
  code: 'too-big',
  explain: (trace) => {
    const { outcome, sendFailure, facts, size, source } = trace;
    const { drop, reply } = outcome;
    const told = reply?.header.fittingMtu;
    const at = sendFailure === 'EMSGSIZE' ? facts.source : facts.last;
    // A bridge drops what its port does not take, without a reason.
    const narrow = linkNamed(at, drop?.device?.name);
    const isNarrow =
      narrow !== undefined && size !== undefined && narrow.mtu < size && drop?.reason !== 'NETFILTER_DROP';
    if (sendFailure !== 'EMSGSIZE' && drop?.reason !== 'PKT_TOO_BIG' && told === undefined && !isNarrow)
      return undefined;
    const link = isNarrow ? narrow : linkNumbered(at, at?.onward?.route?.outgoing);
    const fits = told ?? link?.mtu;
    const where = sendFailure === 'EMSGSIZE' ? source.name : (at?.place ?? 'the host');
    const networks = source.container?.attachments.map(({ network }) => network) ?? [];
    const [network = 'NETWORK'] = networks;
    return {
      text: `A packet of ${size ?? 'this'} bytes does not fit the way: ${where} sends it by ${link?.name ?? 'an interface'}, which takes ${fits ?? 'fewer'}. Large packets vanish where the message about it is lost.`,
      evidence: [
        sendFailure === 'EMSGSIZE' ? `send in ${source.name}: EMSGSIZE` : dropEvidence(trace),
        ...(told === undefined ? [] : [`ICMP: too big, ${told} would fit`]),
        ...(link === undefined ? [] : [`${link.name}: mtu ${link.mtu}`]),
      ],
      verdict: 'dropped',
      fixes: [
        {
          text: 'Make the network anew with the size that fits',
          commands: [
            `docker network create -o com.docker.network.driver.mtu=${fits ?? 1400} ${network}-${fits ?? 1400}`,
          ],
          undo: [`docker network rm ${network}-${fits ?? 1400}`],
        },
      ],
    };
  },
};

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
      isLocalHere(last)
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

/** It came back to where it began. */
const cameBack: CauseRow = {
  code: 'routing-loop',
  explain: (trace) => {
    const { outcome, source, facts } = trace;
    const { drop } = outcome;
    if (drop?.reason !== 'IP_LOCAL_SOURCE' || drop.namespace !== facts.source.inode) return undefined;
    return {
      text: `The packet of ${source.name} came back to ${source.name}: a route for ${trace.destination.address} leads there.`,
      evidence: [dropEvidence(trace), ...(facts.host === undefined ? [] : [onwardText(facts.host)])],
      fixes: [
        {
          text: 'Take the route away',
          commands: [`ip route get ${trace.destination.address}`, 'ip route del PREFIX'],
          undo: [],
        },
      ],
    };
  },
};

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

const reversePath: CauseRow = {
  code: 'reverse-path',
  explain: (trace) => {
    const { outcome, facts } = trace;
    if (outcome.drop?.reason !== 'IP_RPFILTER') return undefined;
    const last = facts.last;
    const strict = Object.entries(last?.sysctls ?? {}).filter(
      ([key, value]) => key.endsWith('rp_filter') && value !== '0',
    );
    const [key, value] = strict.find(([name]) => !name.includes('.all.')) ??
      strict[0] ?? ['net.ipv4.conf.all.rp_filter', '1'];
    const back = linkNumbered(last, last?.back?.route?.outgoing)?.name;
    const came = outcome.drop.device?.name;
    return {
      text: `Reverse path filtering drops it: it came in by ${came}, but ${last?.place} would answer ${outcome.drop.header.source} by ${back ?? 'no interface'}.`,
      evidence: [dropEvidence(trace), `${key} = ${value}`, `way back: ${back ?? last?.back?.errno ?? 'none'}`],
      fixes: [
        sysctlFix(
          { namespace: namespaceOf(trace, last), key, value: '2', previous: value },
          {
            text: 'Filter loosely: let the source be reachable by any interface',
            scope: `packets that come in by ${came}`,
          },
        ),
      ],
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
      (errno === 'EINVAL' && trace.outcome.drop?.reason !== 'IP_RPFILTER');
    if (last === undefined || !isBlocking || isOtherwise(trace)) return undefined;
    const word = type ?? (errno === 'EACCES' ? 'prohibit' : 'blackhole');
    const where = commandIn(
      namespaceOf(trace, last),
      `ip ${trace.family === 6 ? '-6 ' : ''}route get ${trace.destination.address}`,
    );
    return {
      text: `A ${word} route or rule in ${last.place} refuses ${outcome.drop?.header.destination ?? trace.destination.address}.`,
      evidence: [dropEvidence(trace), onwardText(last)],
      fixes: [
        {
          text: 'Find the route or rule and take it away',
          commands: [where, `ip rule; ip route show table all type ${word}`],
          undo: [],
        },
      ],
    };
  },
};

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
      errno === 'EHOSTUNREACH' ||
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
    return {
      text: `${last.place} has no route to ${address}.`,
      evidence: [dropEvidence(trace), onwardText(last)],
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

const lifetimeOver: CauseRow = {
  code: 'routing-loop',
  explain: (trace) => {
    const icmp = trace.outcome.reply?.header;
    const isOver = (icmp?.family === 4 && icmp.type === 11) || (icmp?.family === 6 && icmp.type === 3);
    if (!isOver && !/TTL|HOPLIMIT/.test(trace.outcome.drop?.reason ?? '')) return undefined;
    return {
      text: 'It went round in circles until its time to live was over: two routes point at each other.',
      evidence: [dropEvidence(trace)],
    };
  },
};

/** It arrived, but where it arrived nobody knows the way back. */
const noWayBack: CauseRow = {
  code: 'no-way-back',
  explain: (trace) => {
    const { outcome, facts, destination, observation } = trace;
    const there = facts.destination;
    const back = there?.onward;
    if (there === undefined || back === undefined || outcome.reply?.role === 'answer') return undefined;
    const isMissing = back.errno !== undefined || (back.route.type !== 'unicast' && back.route.type !== 'local');
    const arrived = observation.sightings.some(
      ({ role, namespace, event }) => role === 'request' && event === 'received' && namespace === there.inode,
    );
    if (!isMissing || !arrived || destination.namespace === '') return undefined;
    const place = destination.container?.name ?? destination.name;
    const last = outcome.last?.header.source ?? trace.source.address;
    const command = `ip ${trace.family === 6 ? '-6 ' : ''}route add default via GATEWAY`;
    return {
      text: `It reached ${place}, but ${place} has no route to ${last}, so it cannot answer.`,
      evidence: [dropEvidence(trace), `route lookup in ${place} for ${last}: ${back.errno ?? back.route.type}`],
      verdict: 'dropped',
      fixes: [
        {
          text: `Give ${place} its default route back (or restart it)`,
          commands: [commandIn(destination.namespace, command)],
          undo: [commandIn(destination.namespace, 'ip route del default')],
        },
      ],
    };
  },
};

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
    const subnet = host.onward?.route?.destination;
    return {
      text: `The host sends packets for ${container.name} by ${chosen} instead of ${interfaces.join(', ')}: another route (a VPN's?) covers its subnet.`,
      evidence: [onwardText(host), `network of ${container.name}: ${interfaces.join(', ')}`],
      verdict: 'dropped',
      fixes: [
        {
          text: 'Take the other route away, or make the network anew with another subnet',
          commands: [`ip route del ${subnet ?? 'PREFIX'} dev ${chosen}`],
          undo: [`ip route add ${subnet ?? 'PREFIX'} dev ${chosen}`],
        },
      ],
    };
  },
};

function wentThroughHost({ source, destination }: Case): boolean {
  if (source.arrival || source.container === undefined) return true;
  const own = source.container.attachments.map(({ network }) => network);
  return (
    destination.published || destination.container?.attachments.every(({ network }) => !own.includes(network)) === true
  );
}

/** Causes that routes and sysctls tell. */
export const routeRows: readonly CauseRow[] = [
  tooBig,
  notSent,
  cameBack,
  trafficControl,
  martian,
  reversePath,
  noWayBack,
  routeElsewhere,
  forwardingOff,
  routeBlocked,
  noRoute,
  lifetimeOver,
];
