import { addressOf, familyOf, prefixContains } from '@fairlead/base';
import type { LinkDetails } from '@fairlead/netlink';
import type { Case } from '../model/case.ts';
import { linkNamed, linkNumbered } from '../model/facts.ts';
import { type Asker, askers, hasAddress, isUnknown, neighborEvidence, ownerOf } from './asker.ts';
import { isStuck, wentThroughHost } from './passage.ts';
import { type CauseRow, commandIn, dropEvidence, type Explanation } from './row.ts';
import { silentNeighbor } from './silent-neighbor.ts';

const arpOff: CauseRow = {
  code: 'arp-off',
  explain: (trace) => {
    for (const asker of askers(trace)) {
      const owner = ownerOf(asker.address, trace);
      if (asker.neighbor.state === 'noarp' && asker.link !== undefined && isToldNotToAsk(asker.link))
        return arpOffText(trace, { asker, place: asker.facts.place, link: asker.link, namespace: asker.namespace });
      if (isUnknown(asker) && owner?.link !== undefined && isToldNotToAsk(owner.link))
        return arpOffText(trace, { asker, place: owner.name, link: owner.link, namespace: owner.namespace });
    }
    return undefined;
  },
};

/** Kinds of links that ask for neighbours unless they are told not to; others, as tunnels, never do. */
const askingKinds: readonly string[] = ['veth', 'bridge', 'macvlan', 'device'];

function isToldNotToAsk({ kind = 'device', withoutArp }: LinkDetails): boolean {
  return withoutArp === true && askingKinds.includes(kind);
}

function arpOffText(
  trace: Case,
  found: { readonly asker: Asker; readonly place: string; readonly link: LinkDetails; readonly namespace: string },
): Explanation {
  const { asker, place, link, namespace } = found;
  const command = (state: string) => commandIn(namespace, `ip link set ${link.name} arp ${state}`);
  return {
    text: `The interface ${link.name} of ${place} neither asks for neighbours nor answers who asks for it (arp off).`,
    evidence: [dropEvidence(trace), `${link.name} in ${place}: NOARP`, neighborEvidence(asker)],
    verdict: 'dropped',
    fixes: [{ text: 'Let it', commands: [command('on')], undo: [command('off')] }],
  };
}

/** It sends to an address that its network has not, as if that were on the wire, or by way of no gateway of its network. */
const wrongNextHop: CauseRow = {
  code: 'wrong-next-hop',
  explain: (trace) => {
    const { facts, source, destination, outcome } = trace;
    const isBack = !isStuck(trace);
    const [end, own, target] = isBack
      ? ([destination, facts.destination, source.address] as const)
      : ([source, facts.source, destination.address] as const);
    const route = own?.onward?.route;
    const attachment = end.container?.attachments.find(
      ({ interface: name }) => name !== undefined && name === linkNumbered(own, route?.outgoing)?.name,
    );
    const network = trace.directory.networks.find(({ name }) => name === attachment?.network);
    if (own === undefined || route?.type !== 'unicast' || network?.driver !== 'bridge' || !isAtFault(trace))
      return undefined;
    const next = route.gateway ?? target;
    const [gateway] = network.gateways.filter((each) => familyOf(each) === familyOf(target));
    if (network.gateways.includes(next) || gateway === undefined) return undefined;
    const isOnNetwork = network.subnets.some((subnet) => prefixContains(subnet, target));
    if (route.gateway === undefined && isOnNetwork) return undefined;
    const owner =
      route.gateway &&
      trace.directory.containers.find(({ attachments }) =>
        attachments.some(({ ipv4, ipv6 }) => ipv4 === route.gateway || ipv6 === route.gateway),
      );
    const who = owner ? `which is ${owner.name}` : 'which is no gateway';
    const flag = target.includes(':') ? ' -6' : '';
    const command = (via: string) => commandIn(end.namespace, `ip${flag} route replace default via ${via}`);
    const addresses = own.addresses?.filter(
      (each) => !each.startsWith('127.') && !each.startsWith('::1/') && !each.startsWith('fe80'),
    );
    return {
      text:
        route.gateway === undefined
          ? `${end.name} takes ${target} for a neighbour on its own wire, but its network ${network.name} is ${network.subnets.join(', ')}: a route or a netmask in ${end.name} is too wide. It is to go by way of ${gateway}.`
          : `${end.name} sends ${isBack ? 'the answer' : 'it'} by way of ${route.gateway}, ${who}: the gateway of its network ${network.name} is ${gateway}.`,
      evidence: [
        ...(outcome.drop === undefined ? [] : [dropEvidence(trace)]),
        `route lookup in ${own.place}: ${target} ${route.gateway === undefined ? 'on the wire' : `via ${route.gateway}`} dev ${attachment?.interface}`,
        ...(route.gateway === undefined && addresses ? [`addresses of ${own.place}: ${addresses.join(', ')}`] : []),
        ...(own.neighbor === undefined || own.neighbor === 'none'
          ? []
          : [`neighbour table of ${own.place}: ${next} is ${own.neighbor.state}`]),
      ],
      verdict: 'dropped',
      fixes:
        route.gateway === undefined
          ? [
              {
                text: 'Find the route, and take it away',
                commands: [commandIn(end.namespace, `ip${flag} route show match ${target}`)],
                undo: [],
              },
            ]
          : [{ text: 'Send it to the gateway', commands: [command(gateway)], undo: [command(route.gateway)] }],
    };
  },
};

/** It ended on the network of the one that sent it. */
function isAtFault(trace: Case): boolean {
  const { outcome, facts } = trace;
  const { drop } = outcome;
  if (drop?.reason === 'NETFILTER_DROP') return false;
  const sender = isStuck(trace) ? facts.source : facts.destination;
  const neighbor = sender?.neighbor;
  const unknown = neighbor !== undefined && neighbor !== 'none' && ['incomplete', 'failed'].includes(neighbor.state);
  if (unknown) return true;
  if (drop === undefined) return false;
  const ends = [facts.source.inode, facts.host?.inode, facts.destination?.inode];
  return drop.reason === 'OTHERHOST' || !ends.includes(drop.namespace);
}

const wrongNeighbor: CauseRow = {
  code: 'wrong-neighbor',
  explain: (trace) => {
    if (trace.outcome.drop?.reason === 'NETFILTER_DROP') return undefined;
    for (const asker of askers(trace)) {
      const { neighbor, address } = asker;
      if (neighbor.mac === undefined || neighbor.state === 'failed') continue;
      const owner = ownerOf(address, trace);
      const real = owner?.link?.mac;
      // A gateway that the host does not have may be another machine's.
      if (owner === undefined || real === undefined || hasAddress(owner, address) === false) continue;
      if (real === neighbor.mac) continue;
      return wrongNeighborText(trace, asker, real);
    }
    return wrongFarNeighbor(trace);
  },
};

/** It came to the one that has the address, and not under its hardware address. */
function wrongFarNeighbor(trace: Case): Explanation | undefined {
  const { outcome, facts } = trace;
  const { drop } = outcome;
  const address = drop?.header.destination;
  const real = linkNamed(facts.last, drop?.device?.name)?.mac;
  const has = facts.last?.addresses?.some((own) => addressOf(own) === address) === true;
  if (drop?.reason !== 'OTHERHOST' || real === undefined || !has) return undefined;
  const asker = askers(trace).find((each) => each.address === address && each.facts.inode !== drop.namespace);
  return asker?.neighbor.mac === undefined || asker.neighbor.mac === real
    ? undefined
    : wrongNeighborText(trace, asker, real);
}

function wrongNeighborText(trace: Case, asker: Asker, real: string): Explanation {
  const { namespace, neighbor, address, link } = asker;
  const { facts } = trace;
  const device = link?.name ?? 'eth0';
  return {
    text: `${asker.facts.place} sends packets for ${address} to ${neighbor.mac}, but the address belongs to ${real}: its neighbour entry (${neighbor.state}) is wrong${impostorText(trace, neighbor.mac)}.`,
    evidence: [
      dropEvidence(trace),
      neighborEvidence(asker),
      `${ownerOf(address, trace)?.name ?? facts.last?.place}: ${real}`,
    ],
    verdict: 'dropped',
    fixes: [
      {
        text: 'Forget the entry',
        commands: [commandIn(namespace, `ip neigh del ${address} dev ${device}`)],
        undo: [commandIn(namespace, `ip neigh replace ${address} lladdr ${neighbor.mac} dev ${device}`)],
      },
    ],
  };
}

/** Whoever took it in the place of the one whom it was for has that hardware address. */
function impostorText({ facts, outcome, placeName }: Case, mac: string | undefined): string {
  const { last } = facts;
  const link = last?.links.find((candidate) => candidate.mac === mac);
  const drop = outcome.drop ?? outcome.last;
  if (link === undefined || drop === undefined || last === undefined) return '';
  return `; ${placeName(last.inode)} has that hardware address (${link.name}), and it got there`;
}

/** The one that has the address may not use it, so that it is not found by who asks for it, or somebody else is. */
const addressUnusable: CauseRow = {
  code: 'address-unusable',
  explain: (trace) => {
    const { destination, facts, outcome } = trace;
    const found = facts.destination?.unusable?.find(({ address }) => address === destination.address);
    if (destination.container === undefined || found === undefined || outcome.rule !== undefined) return undefined;
    const why =
      found.state === 'dadfailed'
        ? 'since somebody else on the wire has it (duplicate address detection has failed)'
        : 'yet: it is not yet known whether somebody else has it (duplicate address detection)';
    const device = destination.container.attachments.find(({ ipv6 }) => ipv6 === found.address)?.interface ?? 'DEVICE';
    const assigned =
      facts.destination?.addresses?.find((own) => addressOf(own) === found.address) ?? `${found.address}/64`;
    const command = (verb: string) => commandIn(destination.namespace, `ip addr ${verb} ${assigned} dev ${device}`);
    return {
      text: `${destination.name} has the address ${found.address}, but may not use it ${why}.`,
      evidence: [dropEvidence(trace), `${found.address} in ${destination.name}: ${found.state}`],
      verdict: 'dropped',
      fixes: [
        {
          text: 'Find who else has it; then give it the address anew',
          commands: [command('del'), `${command('add')} nodad`],
          undo: [],
        },
      ],
    };
  },
};

/** The one that is to have the address has not. */
const addressMissing: CauseRow = {
  code: 'address-missing',
  explain: (trace) => missingAddress(trace) ?? missingGateway(trace),
};

function missingAddress(trace: Case): Explanation | undefined {
  const { destination, facts, family } = trace;
  const { container } = destination;
  const there = facts.destination;
  if (container === undefined || destination.namespace === '' || there?.addresses === undefined) return undefined;
  const wanted = container.attachments.flatMap(({ ipv4, ipv6, interface: device }) => {
    const address = family === 4 ? ipv4 : ipv6;
    return address === undefined || device === undefined ? [] : [{ address, device }];
  });
  const found = wanted.find(({ address }) => !there.addresses?.some((own) => addressOf(own) === address));
  const isAsked = wanted.length === 1 || found?.address === destination.address;
  if (found === undefined || !isAsked || trace.outcome.rule !== undefined) return undefined;
  const { address, device } = found;
  return {
    text: `${container.name} is to have the address ${address}, but no interface of it has.`,
    evidence: [
      dropEvidence(trace),
      `addresses of ${container.name}: ${there.addresses.filter((own) => !own.startsWith('fe80')).join(', ') || 'none'}`,
      ...(linkNamed(there, device) === undefined ? [`no interface ${device} in ${container.name}`] : []),
    ],
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

/** A gateway that nobody is. */
function missingGateway(trace: Case): Explanation | undefined {
  const asker = askers(trace).find(isUnknown);
  const owner = asker && ownerOf(asker.address, trace);
  if (asker === undefined || owner?.namespace !== '' || hasAddress(owner, asker.address) !== false)
    return lostGateway(trace);
  return {
    text: `${asker.facts.place} sends by way of ${asker.address}, which is to be an address of the host on ${owner.link?.name ?? 'its bridge'}, but the host does not have it.`,
    evidence: [neighborEvidence(asker), `no interface of the host has ${asker.address}`],
    verdict: 'dropped',
    fixes: [{ text: 'Restart the engine, which puts it back', commands: ['systemctl restart fairlead'], undo: [] }],
  };
}

/** The host is not on the network any more, so its route to it went. */
function lostGateway(trace: Case): Explanation | undefined {
  const { destination, facts, directory, family, outcome } = trace;
  const { host } = facts;
  if (!isStuck(trace) || !wentThroughHost(trace) || host?.addresses === undefined || outcome.rule !== undefined)
    return undefined;
  for (const { network: name } of destination.container?.attachments ?? []) {
    const network = directory.networks.find((each) => each.name === name && each.driver === 'bridge');
    const gateway = network?.gateways.find((each) => familyOf(each) === family);
    const bridge = linkNamed(host, network?.interface);
    if (gateway === undefined || bridge?.up !== true || host.addresses.some((own) => addressOf(own) === gateway))
      continue;
    return {
      text: `The host is to have the address ${gateway} on ${bridge.name}, by which it reaches the network ${name}, but no interface of it has.`,
      evidence: [dropEvidence(trace), `no interface of the host has ${gateway}`],
      verdict: 'dropped',
      fixes: [{ text: 'Restart the engine, which puts it back', commands: ['systemctl restart fairlead'], undo: [] }],
    };
  }
  return undefined;
}

const noNeighbor: CauseRow = {
  code: 'no-neighbor',
  explain: (trace) => {
    const { outcome } = trace;
    if (outcome.reply?.role === 'answer' || outcome.drop?.reason === 'NETFILTER_DROP') return undefined;
    const asker = askers(trace).find(isUnknown);
    if (asker === undefined) return undefined;
    return {
      text: `Nobody answers for the address ${asker.address}: ${asker.facts.place} asked on the wire, in vain.`,
      evidence: [neighborEvidence(asker), ...(outcome.drop ? [dropEvidence(trace)] : [])],
      verdict: 'dropped',
      neighbor: asker.address,
    };
  },
};

/** Causes that the tables of neighbours tell. */
export const neighborRows = {
  arpOff,
  wrongNextHop,
  addressUnusable,
  addressMissing,
  wrongNeighbor,
  silentNeighbor,
  noNeighbor,
};
