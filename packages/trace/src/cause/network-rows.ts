import { prefixContains } from '@fairlead/base';
import type { Case, CaseEnd } from '../model/case.ts';
import type { NetworkPlace } from '../model/directory.ts';
import { linkNumbered, type NamespaceFacts } from '../model/facts.ts';
import { type CauseRow, dropEvidence } from './row.ts';

/** An end that is the host itself, not a container on the host's network nor the world behind it. */
function isHost({ container, namespace }: CaseEnd): boolean {
  return container === undefined && namespace === '';
}

/** Name of the interface by which a namespace sends the packet on. */
function outgoingOf(facts: NamespaceFacts | undefined): string | undefined {
  return linkNumbered(facts, facts?.onward?.route?.outgoing)?.name;
}

function isUnanswered({ outcome }: Case): boolean {
  return outcome.reply === undefined && outcome.verdict !== 'delivered';
}

/** The network with a parent on which a container meets the host in vain. */
function networkOnParent(trace: Case): { readonly container: string; readonly network: NetworkPlace } | undefined {
  const { source, destination, facts, directory } = trace;
  // By way of a router the packet leaves, and comes back with the router's hardware address.
  if (facts.source.onward?.route?.gateway !== undefined) return undefined;
  const outgoing = outgoingOf(facts.source);
  const fromHost = isHost(source) && !source.arrival;
  const container = fromHost ? destination.container : destination.local ? source.container : undefined;
  for (const attachment of container?.attachments ?? []) {
    const network = directory.networks.find(({ name }) => name === attachment.network);
    if (container === undefined || network === undefined || !/^(mac|ip)vlan$/.test(network.driver)) continue;
    if (outgoing === (fromHost ? network.interface : attachment.interface)) {
      return { container: container.name, network };
    }
  }
  return undefined;
}

/** Between a parent and the links on it. */
const parentApart: CauseRow = {
  code: 'parent-apart',
  explain: (trace) => {
    const found = isUnanswered(trace) ? networkOnParent(trace) : undefined;
    if (found === undefined) return undefined;
    const { container, network } = found;
    const { name, driver, interface: parent = 'its parent', host } = network;
    const but = host === undefined ? '' : `; it is on ${name} as ${host.addresses.join(' and ')} alone`;
    return {
      text: `${container} is on ${name}, a ${driver} network on ${parent}: the kernel passes nothing between an interface and the ${driver} links on it, so the host and ${container} do not reach each other there${but}.`,
      evidence: [dropEvidence(trace), `${outgoingOf(trace.facts.source)} leads to ${name}, whose parent is ${parent}`],
      verdict: 'dropped',
      fixes: [
        {
          text: `Let ${container} join a bridge network as well, and use its address there`,
          commands: [`docker network connect bridge ${container}`],
          undo: [`docker network disconnect bridge ${container}`],
        },
      ],
    };
  },
};

/** In gateway mode isolated the bridge has no address. */
const hostNotOnNetwork: CauseRow = {
  code: 'host-not-on-network',
  explain: (trace) => {
    const { source, destination, directory, facts, outcome } = trace;
    // Whatever came back is of somebody whom the packet met on the way it took instead.
    if (outcome.verdict === 'delivered' || !isHost(source) || destination.container === undefined) return undefined;
    const own = destination.container.attachments.map(({ network }) => network);
    const network = directory.networks.find(
      ({ name, driver, gateways, subnets }) =>
        own.includes(name) &&
        driver === 'bridge' &&
        gateways.length === 0 &&
        subnets.some((subnet) => prefixContains(subnet, destination.address)),
    );
    const outgoing = outgoingOf(facts.host ?? facts.source);
    if (network?.interface === undefined || outgoing === network.interface) return undefined;
    return {
      text: `The network ${network.name} is in gateway mode isolated: its bridge has no address, so the host is not on it and does not reach ${destination.container.name}.`,
      evidence: [
        `network ${network.name} (${network.interface}): no gateway`,
        `route lookup in host: ${outgoing === undefined ? 'no way' : `by ${outgoing}`}`,
      ],
      verdict: 'dropped',
    };
  },
};

/** Causes that the kind of a network tells: what it is made for leaves no way. */
export const networkRows: readonly CauseRow[] = [parentApart, hostNotOnNetwork];
