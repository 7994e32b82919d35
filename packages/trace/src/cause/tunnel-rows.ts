import { linkNamed } from '../model/facts.ts';
import { type CauseRow, dropEvidence } from './row.ts';

/** Kinds of links that put packets into others (IFLA_INFO_KIND). */
const tunnelKinds: ReadonlySet<string> = new Set([
  'vxlan',
  'geneve',
  'gre',
  'gretap',
  'erspan',
  'ip6gre',
  'ip6gretap',
  'ipip',
  'sit',
  'ip6tnl',
  'vti',
  'vti6',
  'wireguard',
]);

/** True for a link that puts packets into others. */
export function isTunnel(kind: string | undefined): boolean {
  return kind !== undefined && tunnelKinds.has(kind);
}

/** What a tunnel says about its far end when it drops (include/net/dropreason-core.h). */
const tunnelReasons: Readonly<Record<string, string>> = {
  IP_OUTNOROUTES: 'there is no route to its far end, or only one through the tunnel itself',
  NO_TX_TARGET: 'it knows no far end for that hardware address (its forwarding table, or its remote)',
};

/** A tunnel could not send on what it was given. */
const tunnelBroken: CauseRow = {
  code: 'tunnel-broken',
  explain: (trace) => {
    const { drop } = trace.outcome;
    const link = linkNamed(trace.facts.last, drop?.device?.name);
    if (drop === undefined || link === undefined || !isTunnel(link.kind) || drop.reason === 'NETFILTER_DROP')
      return undefined;
    const why = tunnelReasons[drop.reason ?? ''] ?? `the kernel says ${drop.reason}`;
    const place = trace.placeName(drop.namespace);
    const commands = [`ip -d link show ${link.name}`, `bridge fdb show dev ${link.name}`, 'ip route get FAR-END'];
    return {
      text: `The tunnel ${link.name} (${link.kind}) of ${place} cannot send it on: ${why}.`,
      evidence: [dropEvidence(trace), `${link.name} in ${place}: ${link.kind}`],
      verdict: 'dropped',
      fixes: [{ text: 'Look where it is to lead', commands, undo: [] }],
    };
  },
};

/** It went into a tunnel, and no answer came out. */
const tunnelSilent: CauseRow = {
  code: 'no-answer-from-tunnel',
  explain: ({ outcome, facts, destination }) => {
    const link = linkNamed(facts.last, outcome.last?.device?.name);
    if (outcome.verdict !== 'lost' || link === undefined || !isTunnel(link.kind)) return undefined;
    return {
      text: `It went into the tunnel ${link.name} (${link.kind}), and no answer from ${destination.address} came out. What becomes of the packets that carry it is not followed: whether they leave, trace the tunnel's far end.`,
      evidence: [`kernel: last seen sent by ${link.name}`, `${link.name}: ${link.kind}`],
    };
  },
};

/** Causes of what went into a tunnel. */
export const tunnelRows = { tunnelBroken, tunnelSilent };
