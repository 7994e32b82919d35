import type { Case } from '../model/case.ts';
import type { Fix, RuleStep } from '../model/report.ts';
import { foreignSteps, removeRule, stepText } from './astray-rows.ts';
import { type CauseRow, commandIn, dropEvidence, ruleEvidence } from './row.ts';

/** A rule that hands packets to a program's transparent socket (nft's `tproxy`, iptables' TPROXY). */
function isHanding({ text }: RuleStep): boolean {
  return /\btproxy\b|"TPROXY"/.test(text);
}

/** `a rule of iptables (table ip mangle, chain PREROUTING: ...)`. */
function nameOf({ owner, family, table, chain, text }: RuleStep): string {
  return `a rule of ${owner} (table ${family} ${table}, chain ${chain}: ${text})`;
}

/** There is no program: what iptables' TPROXY can hand to nobody it drops (net/netfilter/xt_TPROXY.c). */
const proxyMissing: CauseRow = {
  code: 'proxy-missing',
  explain: (trace) => {
    const { rule, drop } = trace.outcome;
    if (rule === undefined || drop === undefined || !isHanding(rule)) return undefined;
    const place = trace.placeName(drop.namespace);
    return {
      text: `In ${place}, ${nameOf(rule)} hands the packet to a transparent proxy, and no program there has a socket that takes it: so it is dropped.`,
      evidence: ruleEvidence(trace, rule),
      verdict: 'dropped',
      fixes: [
        { text: 'Start the proxy at the port that the rule names, with IP_TRANSPARENT', commands: [], undo: [] },
        removeRule(rule),
      ],
    };
  },
};

/**
 * There is one, and the packet is routed past it: what has a receiver already is not passed on (net/ipv4/ip_forward.c,
 * net/ipv6/ip6_output.c).
 */
const proxyPassed: CauseRow = {
  code: 'proxy-passed',
  explain: (trace) => {
    const { drop } = trace.outcome;
    const rule = foreignSteps(trace).findLast(isHanding);
    if (rule === undefined || drop === undefined || !/^ip6?_forward$/.test(drop.function ?? '')) return undefined;
    const { mark = 0 } = drop;
    const place = trace.placeName(drop.namespace);
    const marked = mark === 0 ? 'has no mark by which it could be told apart' : `has the mark ${mark}`;
    return {
      text: `In ${place}, ${nameOf(rule)} hands the packet to a transparent proxy, but its route leads on instead of to ${place} itself: it ${marked}, and the kernel passes on nothing that has a receiver already.`,
      evidence: [dropEvidence(trace), stepText(rule), `mark of the packet: ${mark}`],
      verdict: 'dropped',
      fixes: [...(mark === 0 ? [] : [routeHome(trace, mark)]), removeRule(rule)],
    };
  },
};

/** A table of its own for such routes, as the kernel's Documentation/networking/tproxy.rst has it. */
const TABLE = 100;

function routeHome({ family, outcome: { drop }, namespaceName }: Case, mark: number): Fix {
  const ip = family === 6 ? 'ip -6' : 'ip';
  const all = family === 6 ? '::/0' : '0.0.0.0/0';
  const rule = `fwmark ${mark} lookup ${TABLE}`;
  const route = `local ${all} dev lo table ${TABLE}`;
  const inside = (command: string) => commandIn(namespaceName(drop?.namespace ?? 0), `${ip} ${command}`);
  return {
    text: 'Let what has that mark stay here',
    commands: [inside(`route add ${route}`), inside(`rule add ${rule}`)],
    undo: [inside(`rule del ${rule}`), inside(`route del ${route}`)],
  };
}

/** Causes of what was meant for a transparent proxy. */
export const proxyRows = { proxyMissing, proxyPassed };
