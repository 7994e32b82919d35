import { addressOf } from '@fairlead/base';
import { linkNamed, linkNumbered } from '../model/facts.ts';
import { wentThroughHost } from './passage.ts';
import { type CauseRow, commandIn, dropEvidence } from './row.ts';

/** IPsec's policies by the counters of what they stop (xfrm_proc.rst). */
const transformCounters = /Pol(Block|Error)|FwdHdrError|NoPols|NoStates|TmplMismatch|StateInvalid|BundleGenError/;

/** A policy of IPsec blocks it, or wants it encrypted where nothing encrypts. */
const ipsecPolicy: CauseRow = {
  code: 'ipsec-policy',
  explain: (trace) => {
    const { outcome, facts, sendFailure, source } = trace;
    const { drop } = outcome;
    const isSaid = drop?.reason === 'XFRM_POLICY';
    // IPv6 gives no reason when it forwards, and a sender is only told that it may not.
    const isSilent = drop?.reason === 'NOT_SPECIFIED' && drop.function === 'ip6_forward';
    const isRefused = sendFailure === 'EPERM' && drop === undefined && outcome.rule === undefined;
    const place = isRefused ? facts.source : facts.last;
    const counters = Object.entries(place?.transformErrors ?? {}).filter(([name]) => transformCounters.test(name));
    if (!isSaid && !((isSilent || isRefused) && counters.length > 0)) return undefined;
    const namespace =
      place?.inode === facts.source.inode
        ? source.namespace
        : place?.inode === facts.destination?.inode
          ? trace.destination.namespace
          : '';
    const commands = ['ip xfrm policy', 'cat /proc/net/xfrm_stat'].map((each) => commandIn(namespace, each));
    return {
      text: `A policy of IPsec (xfrm) in ${place?.place ?? 'this machine'} stops it: it blocks such packets, or wants them encrypted and there is no state to do so.`,
      evidence: [
        isRefused ? `send in ${source.name}: EPERM` : dropEvidence(trace),
        ...counters.map(([name, count]) => `/proc/net/xfrm_stat: ${name} ${count}`),
      ],
      verdict: 'dropped',
      fixes: [{ text: 'Find the policy, and take it away', commands, undo: [] }],
    };
  },
};

/** A port of a bridge that only lets through who was let in (802.1X). */
const portLocked: CauseRow = {
  code: 'port-locked',
  explain: (trace) => {
    const { drop } = trace.outcome;
    const port = linkNamed(trace.facts.last, drop?.device?.name);
    if (port?.portLimits?.includes('locked on') !== true || !/^br_/.test(drop?.function ?? '')) return undefined;
    return {
      text: `The bridge port ${port.name} is locked: it takes nothing from a hardware address that is not in its forwarding table.`,
      evidence: [dropEvidence(trace), `${port.name}: locked on`],
      fixes: [
        {
          text: 'Unlock it',
          commands: [`bridge link set dev ${port.name} locked off learning on`],
          undo: [`bridge link set dev ${port.name} locked on`],
        },
      ],
    };
  },
};

/** The address is there, and the namespace does not know it for its own. */
const localRouteMissing: CauseRow = {
  code: 'local-route-missing',
  explain: (trace) => {
    const { outcome, facts, destination } = trace;
    const { drop } = outcome;
    const there = facts.destination ?? (destination.local ? facts.host : undefined);
    // One that the place sends on, as if it were for another, is not dropped there.
    const seen = drop ?? outcome.last;
    const address = seen?.header.destination;
    if (
      there === undefined ||
      seen?.role !== 'request' ||
      seen.namespace !== there.inode ||
      seen.reason === 'OTHERHOST' ||
      outcome.reply?.role === 'answer'
    )
      return undefined;
    const has = there.addresses?.some((own) => addressOf(own) === address) === true;
    const onward = facts.last?.onward;
    if (!has || onward === undefined || onward.route?.type === 'local') return undefined;
    if (drop === undefined && onward.route === undefined) return undefined;
    const flag = trace.family === 6 ? ' -6' : '';
    return {
      text: `${destination.name} has the address ${address}, but its routing does not take it for its own: the rule for the table of local routes, or the route there, is missing.`,
      evidence: [dropEvidence(trace), `${address} is an address of ${destination.name}, and its route is not local`],
      verdict: 'dropped',
      fixes: [
        {
          text: 'Look at both, and put back what is missing',
          commands: [`ip${flag} rule`, `ip${flag} route show table local`].map((each) =>
            commandIn(destination.namespace, each),
          ),
          undo: [],
        },
      ],
    };
  },
};

/** An interface that is up, and nobody at its other end. */
const noCarrier: CauseRow = {
  code: 'no-carrier',
  explain: (trace) => {
    const { outcome, facts } = trace;
    const { last } = facts;
    if (last === undefined || outcome.reply?.role === 'answer' || outcome.drop?.reason === 'NETFILTER_DROP')
      return undefined;
    const passed = [
      [last, linkNamed(last, outcome.drop?.device?.name)],
      [last, linkNumbered(last, last.onward?.route?.outgoing)],
      [facts.host, linkNumbered(facts.host, wentThroughHost(trace) ? facts.host?.onward?.route?.outgoing : undefined)],
    ] as const;
    const found = passed.find(([, each]) => each?.carrier === false && each.up);
    const [{ place } = last, link] = found ?? [];
    // A bridge has no carrier while none of its ports has: those tell more.
    if (link === undefined || link.kind === 'bridge') return undefined;
    const { text, fix } = missingEnd(link.kind);
    return {
      text: `${place} sends it by ${link.name}, which is up but has no carrier: ${text}.`,
      evidence: [dropEvidence(trace), `${link.name} in ${place}: NO-CARRIER`],
      verdict: 'dropped',
      fixes: [{ text: fix, commands: [`ip -d link show ${link.name}`], undo: [] }],
    };
  },
};

function missingEnd(kind: string | undefined): { readonly text: string; readonly fix: string } {
  if (kind === 'tun')
    return {
      text: 'no program holds its other end (the VPN behind it does not run)',
      fix: 'Start the program, or take its interface and routes away',
    };
  if (kind === 'veth') return { text: 'its other end is down', fix: 'Bring the other end up' };
  return { text: 'the wire is unplugged, or the other end is down', fix: 'Look at the wire' };
}

/** The cable of a container is gone from the host. */
const cableMissing: CauseRow = {
  code: 'cable-missing',
  explain: (trace) => {
    const { facts, source, destination } = trace;
    if (
      facts.host === undefined ||
      trace.outcome.drop?.reason === 'NETFILTER_DROP' ||
      trace.outcome.reply?.role === 'answer'
    )
      return undefined;
    for (const { container } of [source, destination]) {
      const attachments = container?.attachments ?? [];
      const gone = attachments.find(
        ({ hostInterface }) => hostInterface !== undefined && linkNamed(facts.host, hostInterface) === undefined,
      );
      if (container === undefined || gone === undefined || attachments.length > 1) continue;
      return {
        text: `The host's end of ${container.name}'s cable, ${gone.hostInterface}, is gone: it was taken away or moved into another namespace.`,
        evidence: [dropEvidence(trace), `no interface ${gone.hostInterface} in host`],
        verdict: 'dropped',
        fixes: [
          {
            text: `Restart ${container.name}, which builds its network anew`,
            commands: [`docker restart ${container.name}`],
            undo: [],
          },
        ],
      };
    }
    return undefined;
  },
};

/** Causes that the state of a place tells. */
export const stateRows = { ipsecPolicy, portLocked, localRouteMissing, noCarrier, cableMissing };
