import type { Case } from '../model/case.ts';
import type { Fix, RuleStep } from '../model/report.ts';
import { acceptFixes } from './accept-fixes.ts';
import { legacyIptables } from './legacy-row.ts';
import {
  type CauseRow,
  dropEvidence,
  type Explanation,
  familyText,
  ownRule,
  publicationText,
  publishCommand,
  ruleEvidence,
  sysctlFix,
} from './row.ts';
import { spoofedSource } from './spoofed-source.ts';

function foreignRule({ outcome: { rule } }: Case): RuleStep | undefined {
  return rule !== undefined && rule.owner !== 'fairlead' ? rule : undefined;
}

const internalNetwork: CauseRow = {
  code: 'internal-network',
  explain: (trace) => {
    const rule = ownRule(trace, /internal network/);
    if (rule === undefined) return undefined;
    const { source, destination, directory } = trace;
    const internal = [...(destination.container?.attachments ?? []), ...(source.container?.attachments ?? [])]
      .map(({ network }) => directory.networks.find(({ name }) => name === network))
      .find((network) => network?.internal === true);
    const text = `The network ${internal?.name ?? ''} is internal: nothing enters or leaves it, by its own settings.`;
    return { text, evidence: ruleEvidence(trace, rule), fixes: joinFixes(trace) };
  },
};

const separated: CauseRow = {
  code: 'icc-off',
  explain: (trace) => {
    const rule = ownRule(trace, /@separated|may not talk/);
    return rule && { text: closedText(trace), evidence: ruleEvidence(trace, rule) };
  },
};

function closedText({ source, directory }: Case): string {
  const network = source.container?.attachments
    .map((attachment) => directory.networks.find(({ name }) => name === attachment.network))
    .find((candidate) => candidate?.open === false);
  return `Containers of the network ${network?.name ?? ''} may not talk to each other (com.docker.network.bridge.enable_icc=false).`;
}

/** What makes two containers meet. */
function joinFixes({ source, destination, directory }: Case): Fix[] {
  const from = source.container;
  const to = destination.container;
  if (from === undefined || to === undefined) return [];
  const usable = ({ network }: { readonly network: string }) => {
    const found = directory.networks.find(({ name }) => name === network);
    return found !== undefined && found.driver === 'bridge' && network !== 'bridge';
  };
  const connect = (network: string, container: string): Fix => ({
    text: `Put ${container} on ${network} as well`,
    commands: [`docker network connect ${network} ${container}`],
    undo: [`docker network disconnect ${network} ${container}`],
  });
  const [theirs] = to.attachments.filter(usable);
  const [own] = from.attachments.filter(usable);
  return [
    ...(theirs === undefined ? [] : [connect(theirs.network, from.name)]),
    ...(own === undefined ? [] : [connect(own.network, to.name)]),
  ];
}

const networksApart: CauseRow = {
  code: 'networks-apart',
  explain: (trace) => {
    const rule = ownRule(trace, /not published/);
    const { source, destination } = trace;
    if (rule === undefined || source.container === undefined) return undefined;
    const names = (end: typeof source | typeof destination) =>
      end.container?.attachments.map(({ network }) => network).join(', ') || 'another network';
    const text = `${source.name} (${names(source)}) and ${destination.name} (${names(destination)}) are on different networks, which are kept apart.`;
    return { text, evidence: ruleEvidence(trace, rule), fixes: joinFixes(trace) };
  },
};

const notPublished: CauseRow = {
  code: 'not-published',
  explain: (trace) => {
    const rule = ownRule(trace, /not published/);
    const { destination, protocol } = trace;
    if (rule === undefined) return undefined;
    const port = destination.innerPort ?? destination.port;
    const name = destination.container?.name ?? destination.address;
    const ports = (destination.container?.publications ?? []).map((each) => publicationText(each));
    const wanted = `${port}:${port}${protocol === 'udp' ? '/udp' : ''}`;
    const have = { ports, text: ports.length === 0 ? 'none is' : `published are ${ports.join(', ')}` };
    return {
      text: `Port ${port} of ${name} is not published, so nobody outside reaches it (${have.text}).`,
      evidence: ruleEvidence(trace, rule),
      fixes: [
        {
          text: `Publish it: run ${name} with -p ${wanted}, or change its ports while it runs`,
          commands: [publishCommand(name, [...have.ports, wanted])],
          undo: [publishCommand(name, have.ports)],
        },
      ],
    };
  },
};

const notAllowed: CauseRow = {
  code: 'not-allowed',
  explain: (trace) => {
    const rule = ownRule(trace, /published for others/);
    if (rule === undefined) return undefined;
    const { source, destination } = trace;
    const name = destination.container?.name ?? destination.address;
    const allow = [destination.innerPort ?? destination.port, '--from', source.address].join(' ');
    return {
      text: `Port ${destination.port} of ${name} is published, but for some askers only, and ${source.address} is none of them.`,
      evidence: ruleEvidence(trace, rule),
      fixes: [
        {
          text: 'Allow it',
          commands: [`fairlead port allow ${name} ${allow}`],
          undo: [`fairlead port deny ${name} ${allow}`],
        },
      ],
    };
  },
};

const loopbackGuarded: CauseRow = {
  code: 'loopback-guarded',
  explain: (trace) => {
    const rule = ownRule(trace, /127\.0\.0\.0\/8/);
    return (
      rule && {
        text: 'Containers are kept out of the loopback network of the host.',
        evidence: ruleEvidence(trace, rule),
      }
    );
  },
};

const untranslatable: CauseRow = {
  code: 'unknown-connection',
  explain: (trace) => {
    const rule = ownRule(trace, /cannot be translated/);
    return (
      rule && {
        text: 'The packet belongs to no connection that the host knows, so its address cannot be translated.',
        evidence: ruleEvidence(trace, rule),
      }
    );
  },
};

/** The host passes what stays inside a bridge through its IP firewall. */
const bridgeFirewall: CauseRow = {
  code: 'bridge-firewall',
  explain: (trace) => {
    const rule = foreignRule(trace);
    const { outcome, facts, family } = trace;
    const key = family === 4 ? 'net.bridge.bridge-nf-call-iptables' : 'net.bridge.bridge-nf-call-ip6tables';
    const { drop } = outcome;
    if (
      rule === undefined ||
      facts.last?.sysctls[key] !== '1' ||
      !['inet', 'ip', 'ip6'].includes(rule.family) ||
      facts.last.place !== 'host' ||
      !staysInBridge(trace)
    )
      return undefined;
    return {
      text: `The packet stays inside one bridge, but ${key}=1 sends it through the IP firewall all the same, where ${ownerText(rule)} drops it.`,
      evidence: [...ruleEvidence(trace, rule), `${key} = 1`, ...(drop?.device ? [`still on ${drop.device.name}`] : [])],
      fixes: [
        sysctlFix(
          { namespace: '', key, value: '0', previous: '1' },
          { text: 'Let bridged packets pass the IP firewall by', scope: 'all bridges of this host' },
        ),
        ...acceptFixes(trace, rule),
      ],
    };
  },
};

/** Both ends are on one network of the host. */
function staysInBridge({ source, destination }: Case): boolean {
  const own = source.container?.attachments.map(({ network }) => network) ?? [];
  return (
    destination.container?.attachments.some(({ network }) => own.includes(network)) === true && !destination.published
  );
}

function ownerText(rule: RuleStep): string {
  return `${rule.kind === 'policy' ? 'the policy of ' : 'a rule of '}${rule.owner}`;
}

function foreign(code: string, fits: (rule: RuleStep) => boolean, verb: string): CauseRow {
  return {
    code,
    explain: (trace) => {
      const rule = foreignRule(trace);
      if (rule === undefined || !fits(rule)) return undefined;
      return explainForeign(trace, rule, verb);
    },
  };
}

function explainForeign(trace: Case, rule: RuleStep, verb: string): Explanation {
  const { drop, reply } = trace.outcome;
  const inode = drop?.namespace ?? reply?.namespace;
  const where = inode === undefined ? 'the host' : trace.placeName(inode);
  const what = (drop?.role ?? 'request') === 'request' ? 'the packet' : 'the answer';
  const which =
    rule.kind === 'policy' ? `no rule accepted it, and the chain's policy is ${rule.verdict}` : `rule: ${rule.text}`;
  return {
    text: `In ${where}, ${rule.owner === 'somebody else' ? `table ${rule.family} ${rule.table}` : `${rule.owner} (table ${rule.family} ${rule.table})`}, chain ${rule.chain}, ${verb} ${what}: ${which}. An accept of Fairlead's own cannot overrule that.`,
    evidence: ruleEvidence(trace, rule),
    fixes: acceptFixes(trace, rule),
  };
}

/** Drops that nftables' trace knows nothing of. */
const conntrackFull: CauseRow = {
  code: 'conntrack-full',
  explain: (trace) => {
    const { drop, rule } = trace.outcome;
    const sysctls = trace.facts.last?.sysctls ?? {};
    const [count, max] = ['count', 'max'].map((name) => Number(sysctls[`net.netfilter.nf_conntrack_${name}`] ?? 0));
    if (drop?.reason !== 'NETFILTER_DROP' || rule !== undefined || !max || (count ?? 0) < max) return undefined;
    return {
      text: `The host's table of connections is full (${count} of ${max}): no new connection is let through.`,
      evidence: [dropEvidence(trace), `net.netfilter.nf_conntrack_count = ${count}, nf_conntrack_max = ${max}`],
      fixes: [
        sysctlFix(
          { namespace: '', key: 'net.netfilter.nf_conntrack_max', value: String(max * 4), previous: String(max) },
          { text: 'Make room for four times as many', scope: 'the memory of the host: 320 bytes for each' },
        ),
      ],
    };
  },
};

const unknownFirewall: CauseRow = {
  code: 'firewall',
  explain: (trace) => {
    if (trace.outcome.drop?.reason !== 'NETFILTER_DROP') return undefined;
    return {
      text: `A firewall dropped it (${familyText(trace)}); which rule did could not be seen.`,
      evidence: [dropEvidence(trace)],
    };
  },
};

/** Causes that a firewall tells. */
export const firewallRows: readonly CauseRow[] = [
  internalNetwork,
  separated,
  networksApart,
  notPublished,
  notAllowed,
  loopbackGuarded,
  spoofedSource,
  untranslatable,
  bridgeFirewall,
  foreign('foreign-reject', ({ rejects }) => rejects === true, 'refuses'),
  foreign('foreign-policy', ({ kind }) => kind === 'policy', 'drops'),
  foreign('foreign-rule', () => true, 'drops'),
  conntrackFull,
  legacyIptables,
  unknownFirewall,
];
