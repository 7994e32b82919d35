import type { NamespaceName, Selector, Statement } from '@fairlead/netlink';
import { formatRule, removalByComment } from '@fairlead/netlink/tracing';
import type { Case } from '../model/case.ts';
import { networkOfInterface } from '../model/directory.ts';
import type { Fix, RuleStep } from '../model/report.ts';
import { commandIn, removalFix } from './row.ts';

/** What lets packets pass that a rule of others, or a policy, drops. */
export function acceptFixes(trace: Case, rule: RuleStep): Fix[] {
  const inode = trace.outcome.drop?.namespace ?? trace.facts.source.inode;
  const namespace = trace.namespaceName(inode) ?? '';
  const bridge = bridgeOf(trace);
  const forwards = rule.hook === 'forward' && trace.placeName(inode) === 'host' && rule.family !== 'bridge';
  const matches: Statement[][] =
    forwards && bridge !== undefined
      ? [[{ match: ['iifname'], with: { value: bridge } }], [{ match: ['oifname'], with: { value: bridge } }]]
      : [packetMatches(trace)];
  const told = bridge === undefined ? undefined : tellOwner(rule, bridge);
  const front = acceptBefore(rule, namespace, matches);
  if (told !== undefined) return [told, front];
  return rule.kind === 'rule' && rule.handle !== undefined
    ? [front, removalFix(rule, 'everything that it was meant to stop', namespace)]
    : [front];
}

/** The bridge of a network that one of the two is on. */
function bridgeOf({ source, destination, directory }: Case): string | undefined {
  return [source.container, destination.container]
    .flatMap((container) => container?.attachments ?? [])
    .map(({ network }) => directory.networks.find(({ name }) => name === network)?.interface)
    .find((name) => networkOfInterface(directory, name) !== undefined);
}

/** Shown by `nft list`, so that a rule can be told from its neighbours, and found again. */
export const TRIED = 'tried by fairlead trace';

/** Rules that accept before the other one has its turn. @param matches what each of them fits. */
export function acceptBefore(
  { family, table, chain }: RuleStep,
  namespace: NamespaceName,
  matches: readonly Statement[][],
): Fix {
  const place = `${family} ${table} ${chain}`;
  const texts = matches.map((statements) =>
    formatRule({ statements: [...statements, { verdict: 'accept' }], comment: TRIED }),
  );
  return {
    text: `Accept it before that, in ${table}/${chain}`,
    commands: texts.map((text) => commandIn(namespace, `nft 'insert rule ${place} ${text}'`)),
    undo: [removalByComment({ family, table, chain }, TRIED, { inside: commandIn(namespace, '') })],
    ...(family !== 'netdev' &&
      family !== 'arp' && { action: { kind: 'accept', namespace, family, table, chain, rules: matches } }),
  };
}

/** Some have commands of their own for that, and would undo what is done behind their back. */
function tellOwner({ owner }: RuleStep, bridge: string): Fix | undefined {
  if (owner === 'ufw') {
    const routes = [`ufw route allow in on ${bridge}`, `ufw route allow out on ${bridge}`];
    const undo = routes.map((line) => line.replace('route allow', 'route delete allow'));
    return { text: 'Tell ufw', commands: routes, undo };
  }
  if (owner !== 'firewalld') return undefined;
  const zone = `firewall-cmd --zone=trusted --add-interface=${bridge}`;
  return { text: 'Tell firewalld', commands: [zone], undo: [zone.replace('--add', '--remove')] };
}

/** What tells the packet from others, as it is when it gets there; of an answer, where it comes from. */
function packetMatches({ family, protocol, destination, outcome }: Case): Statement[] {
  const header = (outcome.drop ?? outcome.last)?.header;
  const isAnswer = outcome.drop?.role === 'answer';
  const address = isAnswer ? header?.source : header?.destination;
  const port = isAnswer ? header?.sourcePort : header?.destinationPort;
  const ip = family === 4 ? 'ip' : 'ip6';
  const side: Statement = {
    match: [isAnswer ? `${ip} saddr` : `${ip} daddr`],
    with: { value: address ?? destination.address },
  };
  if (protocol === 'icmp' || port === undefined) return [side];
  const selector: Selector = isAnswer ? `${protocol} sport` : `${protocol} dport`;
  return [side, { match: [selector], with: { value: `${port}` } }];
}
