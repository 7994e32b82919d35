import { LEAST_MTU6 } from '@fairlead/base';
import type { LinkDetails } from '@fairlead/netlink';
import type { Case } from '../model/case.ts';
import { linkNamed, type NamespaceFacts } from '../model/facts.ts';
import type { Fix } from '../model/report.ts';
import { tooNarrow } from './narrow-link.ts';
import { isStuck, wentThroughHost } from './passage.ts';
import { type CauseRow, commandIn, dropEvidence, type Explanation } from './row.ts';

/** IPv6 is off on the way: somebody says so, or an interface is too narrow for it. */
export const ipv6Off: CauseRow = {
  code: 'ipv6-off',
  explain: (trace) => switchedOff(trace) ?? narrowed(trace),
};

/** IPv6 is switched off on an interface that it was to pass. */
function switchedOff(trace: Case): Explanation | undefined {
  const { facts, family, outcome } = trace;
  if (family !== 6 || outcome.drop?.reason === 'NETFILTER_DROP') return undefined;
  const isToldSo = outcome.drop?.reason === 'IPV6DISABLED';
  const host = wentThroughHost(trace) ? [facts.host] : [];
  for (const place of [facts.last, facts.destination, facts.source, ...host]) {
    const found = Object.entries(place?.sysctls ?? {}).find(
      ([key, value]) => key.endsWith('.disable_ipv6') && value === '1',
    );
    if (place === undefined || found === undefined || !(isToldSo || isStuck(trace) || outcome.drop === undefined))
      continue;
    return ipv6OffText(trace, place, found[0]);
  }
  return undefined;
}

function ipv6OffText(trace: Case, { place, inode }: NamespaceFacts, key: string): Explanation {
  const { source, destination, facts } = trace;
  const end = [source, destination].find(
    ({ container, namespace }, index) =>
      container !== undefined && namespace !== '' && inode === [facts.source, facts.destination][index]?.inode,
  );
  const restart = end?.container && {
    text: `Restart ${end.container.name}, which builds its network anew: its addresses went when it was switched off`,
    commands: [`docker restart ${end.container.name}`],
    undo: [],
  };
  const command = (value: number) => commandIn(end?.namespace ?? '', `sysctl -w ${key}=${value}`);
  return {
    text: `IPv6 is switched off in ${place} (${key} is 1), so nothing of it gets through.`,
    evidence: [dropEvidence(trace), `${key} = 1 in ${place}`],
    verdict: 'dropped',
    fixes: [
      restart ?? {
        text: 'Switch it on, and put back the addresses that went with it',
        commands: [command(0)],
        undo: [command(1)],
      },
    ],
  };
}

/** IPv6 has gone with the size of an interface on the way. */
function narrowed(trace: Case): Explanation | undefined {
  const { facts, family, source, destination, directory, outcome } = trace;
  if (family !== 6 || outcome.reply?.role === 'answer' || outcome.rule !== undefined) return undefined;
  const containers = [source.container, destination.container];
  const ends = containers.flatMap((container, index) =>
    (container?.attachments ?? []).map(({ interface: name, ipv6, network }) => ({ name, ipv6, network, index })),
  );
  for (const { name, ipv6, network, index } of ends) {
    if (ipv6 === undefined) continue;
    const bridge = directory.networks.find(({ name: each, driver }) => each === network && driver === 'bridge');
    const own = index === 0 ? facts.source : facts.destination;
    const links = [
      { place: own, link: linkNamed(own, name), container: containers[index]?.name },
      { place: facts.host, link: wentThroughHost(trace) ? linkNamed(facts.host, bridge?.interface) : undefined },
    ];
    const found = links.find(({ link }) => link !== undefined && link.mtu < LEAST_MTU6);
    if (found?.link === undefined || found.place === undefined) continue;
    const { text, evidence } = tooNarrow(found.place.place, found.link);
    return {
      text,
      evidence: [dropEvidence(trace), ...evidence],
      verdict: 'dropped',
      fixes: [widenFix(found.container, found.link, bridge?.gateways ?? [])],
    };
  }
  return undefined;
}

/** The addresses do not come back by themselves. */
function widenFix(container: string | undefined, { name, mtu }: LinkDetails, gateways: readonly string[]): Fix {
  if (container !== undefined)
    return {
      text: `Restart ${container}, which builds its network anew`,
      commands: [`docker restart ${container}`],
      undo: [],
    };
  const addresses = gateways.filter((each) => each.includes(':'));
  return {
    text: 'Make it wide enough, and give it its addresses back',
    commands: [`ip link set ${name} mtu 1500`, ...addresses.map((each) => `ip addr add ${each}/64 dev ${name} nodad`)],
    undo: [`ip link set ${name} mtu ${mtu}`],
  };
}
