import type { LinkDetails } from '@fairlead/netlink';
import type { Case } from '../model/case.ts';
import { linkNamed, type NamespaceFacts } from '../model/facts.ts';
import type { Fix } from '../model/report.ts';
import { type CauseRow, commandIn, dropEvidence, type Explanation } from './row.ts';

/** An interface on the way, and where it is. */
interface WayLink {
  readonly link: LinkDetails;
  readonly facts: NamespaceFacts;
  readonly namespace: string;
}

/** The interfaces of the two containers that a packet between them, or to one of them, passes. */
function linksOnWay(trace: Case): WayLink[] {
  const { source, destination, facts, directory } = trace;
  const host = facts.host;
  const inside = (end: typeof source | typeof destination, own: NamespaceFacts | undefined): WayLink[] =>
    attachmentsOf(end, trace).flatMap(({ interface: name, hostInterface, network, segment }) => {
      const bridge = directory.networks.find((candidate) => candidate.name === network);
      return [
        ...wayLink(own, name, end.namespace ?? ''),
        ...wayLink(host, hostInterface, ''),
        ...Object.values(segment ?? {}).flatMap((link) => wayLink(host, link, '')),
        ...(bridge?.driver === 'bridge' ? wayLink(host, bridge.interface, '') : []),
      ];
    });
  return [...inside(source, facts.source), ...inside(destination, facts.destination)];
}

function wayLink(facts: NamespaceFacts | undefined, name: string | undefined, namespace: string): WayLink[] {
  const link = linkNamed(facts, name);
  return facts === undefined || link === undefined ? [] : [{ link, facts, namespace }];
}

/** Of two containers on common networks only the common ones count. */
function attachmentsOf(end: Case['source'] | Case['destination'], trace: Case) {
  const own = end.container?.attachments ?? [];
  const other = (end === trace.source ? trace.destination : trace.source).container?.attachments;
  const common = own.filter(({ network }) => other?.some((attachment) => attachment.network === network));
  return common.length > 0 && !trace.destination.published ? common : own;
}

/** True when it did not get to where it was to get. */
function isStuck({ outcome, facts, observation }: Case): boolean {
  if (outcome.drop?.reason === 'NETFILTER_DROP' || outcome.reply?.role === 'answer') return false;
  return !observation.sightings.some(
    ({ role, event, namespace }) =>
      role === 'request' && event === 'received' && namespace === facts.destination?.inode,
  );
}

const interfaceDown: CauseRow = {
  code: 'interface-down',
  explain: (trace) => {
    if (!isStuck(trace)) return undefined;
    const found = linksOnWay(trace).find(({ link }) => !link.up);
    if (found === undefined) return undefined;
    const { link, facts, namespace } = found;
    const command = (state: string) => commandIn(namespace, `ip link set ${link.name} ${state}`);
    return {
      text: `The interface ${link.name} of ${facts.place} is down.`,
      evidence: [dropEvidence(trace), `${link.name} in ${facts.place}: down`],
      verdict: 'dropped',
      fixes: [
        {
          text: 'Bring it up again',
          commands: [command('up')],
          undo: [command('down')],
          action: { kind: 'links', namespace, names: [link.name], change: { up: true } },
        },
      ],
    };
  },
};

const offTheBridge: CauseRow = {
  code: 'off-the-bridge',
  explain: (trace) => {
    const { facts, directory } = trace;
    if (!isStuck(trace) || facts.host === undefined) return undefined;
    for (const end of [trace.source, trace.destination]) {
      for (const { hostInterface, network, segment } of attachmentsOf(end, trace)) {
        const first = directory.networks.find(({ name, driver }) => name === network && driver === 'bridge')?.interface;
        const bridge = segment?.bridge ?? first;
        const port = linkNamed(facts.host, hostInterface);
        const master = linkNamed(facts.host, bridge);
        if (port === undefined || master === undefined || port.masterIndex === master.index) continue;
        return {
          text: `${port.name}, the host's end of ${end.container?.name}'s cable, is not plugged into the bridge ${master.name}.`,
          evidence: [
            dropEvidence(trace),
            `${port.name}: master is ${port.masterIndex === undefined ? 'none' : `#${port.masterIndex}`}`,
          ],
          verdict: 'dropped',
          fixes: [plugFix(port.name, master.name)],
        };
      }
    }
    return undefined;
  },
};

function plugFix(port: string, bridge: string): Fix {
  return {
    text: 'Plug it in again',
    commands: [`ip link set ${port} master ${bridge}`],
    undo: [`ip link set ${port} nomaster`],
    action: { kind: 'links', namespace: '', names: [port], change: { master: bridge } },
  };
}

/** Ports of the two ends on the host. */
function portsOf(trace: Case): LinkDetails[] {
  return [trace.source, trace.destination].flatMap((end) =>
    attachmentsOf(end, trace).flatMap(({ hostInterface }) => linkNamed(trace.facts.host, hostInterface) ?? []),
  );
}

const portsIsolated: CauseRow = {
  code: 'ports-isolated',
  explain: (trace) => {
    const ports = portsOf(trace).filter(({ port }) => port?.isolated === true);
    if (!isStuck(trace) || ports.length < 2) return undefined;
    const names = ports.map(({ name }) => name);
    const closed = trace.source.container?.attachments
      .map((attachment) => trace.directory.networks.find(({ name }) => name === attachment.network))
      .find((network) => network?.open === false);
    if (closed !== undefined) return undefined;
    return {
      text: `The bridge keeps ${names.join(' and ')} apart: both ports are isolated.`,
      evidence: [dropEvidence(trace), ...names.map((name) => `${name}: isolated on`)],
      verdict: 'dropped',
      fixes: [
        {
          text: 'Let them talk',
          commands: names.map((name) => `bridge link set dev ${name} isolated off`),
          undo: names.map((name) => `bridge link set dev ${name} isolated on`),
          action: { kind: 'links', namespace: '', names, change: { port: { isolated: false } } },
        },
      ],
    };
  },
};

/** Isolation that was asked for. */
const closedNetwork: CauseRow = {
  code: 'icc-off',
  explain: (trace) => {
    const { source, destination, directory } = trace;
    const shared = source.container?.attachments.find(({ network }) =>
      destination.container?.attachments.some((attachment) => attachment.network === network),
    );
    const network = directory.networks.find(({ name }) => name === shared?.network);
    if (!isStuck(trace) || network === undefined || network.open) return undefined;
    return {
      text: `Containers of the network ${network.name} may not talk to each other (com.docker.network.bridge.enable_icc=false).`,
      evidence: [dropEvidence(trace), `ports of ${network.interface}: isolated`],
      verdict: 'dropped',
    };
  },
};

const portBlocked: CauseRow = {
  code: 'port-blocked',
  explain: (trace) => {
    const blocked = portsOf(trace).filter(({ portState }) => portState !== undefined && portState !== 'forwarding');
    const [port] = blocked;
    if (!isStuck(trace) || port === undefined) return undefined;
    return {
      text: `The bridge port ${port.name} is in the state ${port.portState}, in which it passes nothing on.`,
      evidence: [dropEvidence(trace), `${port.name}: state ${port.portState}`],
      verdict: 'dropped',
      fixes: [
        {
          text: 'Let it forward',
          commands: [`bridge link set dev ${port.name} state 3`],
          undo: [`bridge link set dev ${port.name} state 4`],
        },
      ],
    };
  },
};

const wrongNeighbor: CauseRow = {
  code: 'wrong-neighbor',
  explain: (trace) => {
    const { facts, destination, outcome } = trace;
    if (!isStuck(trace) && outcome.drop?.reason !== 'OTHERHOST') return undefined;
    for (const [place, namespace] of [
      [facts.source, trace.source.namespace],
      [facts.host, ''],
    ] as const) {
      const neighbor = place?.neighbor;
      if (neighbor === undefined || neighbor === 'none' || neighbor.mac === undefined) continue;
      const real = ownersOf(neighbor.address ?? destination.address, trace);
      if (real === undefined || real === neighbor.mac || neighbor.state === 'failed') continue;
      return wrongNeighborText(trace, { place: place?.place ?? '', namespace: namespace ?? '', neighbor, real });
    }
    return undefined;
  },
};

function wrongNeighborText(
  trace: Case,
  found: {
    readonly place: string;
    readonly namespace: string;
    readonly neighbor: Exclude<NamespaceFacts['neighbor'], 'none' | undefined>;
    readonly real: string;
  },
): Explanation {
  const { place, namespace, neighbor, real } = found;
  const address = neighbor.address ?? trace.destination.address;
  return {
    text: `${place} sends packets for ${address} to ${neighbor.mac}, but the address belongs to ${real}: its neighbour entry (${neighbor.state}) is wrong.`,
    evidence: [dropEvidence(trace), `neighbour table of ${place}: ${address} is ${neighbor.mac}, ${neighbor.state}`],
    verdict: 'dropped',
    fixes: [
      {
        text: 'Forget the entry',
        commands: [commandIn(namespace, `ip neigh del ${address} dev eth0`)],
        undo: [commandIn(namespace, `ip neigh replace ${address} lladdr ${neighbor.mac} dev eth0`)],
      },
    ],
  };
}

/** The hardware address of whoever of the two ends has an IP address. */
function ownersOf(address: string, { destination, facts, directory }: Case): string | undefined {
  const attachment = destination.container?.attachments.find(({ ipv4, ipv6 }) => ipv4 === address || ipv6 === address);
  if (attachment !== undefined) return linkNamed(facts.destination, attachment.interface)?.mac;
  const network = directory.networks.find(({ gateways }) => gateways.some((gateway) => gateway === address));
  return linkNamed(facts.host, network?.interface)?.mac;
}

/** The bridge sends it to a port behind which the destination is not. */
const wrongForwarding: CauseRow = {
  code: 'wrong-forwarding',
  explain: (trace) => {
    const { forwarding, host } = trace.facts;
    if (forwarding === undefined || (!isStuck(trace) && trace.outcome.drop?.reason !== 'OTHERHOST')) return undefined;
    const attachment = trace.destination.container?.attachments.find(
      ({ hostInterface }) => hostInterface !== undefined,
    );
    const right = attachment?.hostInterface;
    const { mac, bridge, port } = forwarding;
    if (right === undefined || port === right) return undefined;
    const evidence = [
      dropEvidence(trace),
      `forwarding table of ${bridge}: ${mac} is ${port === 'unknown' ? 'unknown' : `behind ${port}`}`,
    ];
    if (port !== 'unknown') {
      return {
        text: `The bridge ${bridge} looks for ${mac}, which is ${trace.destination.name}, behind ${port}; it is behind ${right}.`,
        evidence,
        verdict: 'dropped',
        fixes: [
          {
            text: 'Forget the entry',
            commands: [`bridge fdb del ${mac} dev ${port} master`],
            undo: [`bridge fdb replace ${mac} dev ${port} master static`],
          },
        ],
      };
    }
    if (linkNamed(host, right)?.portFloods !== false) return undefined;
    return {
      text: `The bridge ${bridge} does not know where ${mac} (${trace.destination.name}) is, and is told not to try ${right} (flood off).`,
      evidence: [...evidence, `${right}: flood off`],
      verdict: 'dropped',
      fixes: [
        {
          text: 'Let it try',
          commands: [`bridge link set dev ${right} flood on learning on`],
          undo: [`bridge link set dev ${right} flood off`],
        },
      ],
    };
  },
};

/** Whoever has the address does not say so. */
const silentNeighbor: CauseRow = {
  code: 'neighbor-silent',
  explain: (trace) => {
    const { facts, destination } = trace;
    const asking = [facts.source, facts.host].find(
      (place) =>
        place?.neighbor !== undefined &&
        place.neighbor !== 'none' &&
        ['incomplete', 'failed'].includes(place.neighbor.state),
    );
    if (!isStuck(trace) || asking?.neighbor === undefined || asking.neighbor === 'none') return undefined;
    const address = asking.neighbor.address ?? destination.address;
    const has =
      destination.container?.attachments.some(({ ipv4, ipv6 }) => ipv4 === address || ipv6 === address) === true;
    if (!has || facts.destination?.back?.route?.type !== 'local') return undefined;
    const ignore = facts.destination.sysctls['net.ipv4.conf.all.arp_ignore'] ?? '0';
    return {
      text: `${destination.name} has the address ${address}, but does not answer when ${asking.place} asks for it${ignore === '0' ? ': its interface may be told not to (arp off), or a rule for ARP drops the question' : ` (arp_ignore is ${ignore})`}.`,
      evidence: [
        `neighbour table of ${asking.place}: ${address} is ${asking.neighbor.state}`,
        `${destination.name}: ${address} is its own`,
        ...(ignore === '0' ? [] : [`net.ipv4.conf.all.arp_ignore = ${ignore}`]),
      ],
      verdict: 'dropped',
    };
  },
};

/** The container that is to have the address has not. */
const addressMissing: CauseRow = {
  code: 'address-missing',
  explain: (trace) => {
    const { destination, facts } = trace;
    const { container } = destination;
    const own = facts.destination?.back;
    if (container === undefined || destination.namespace === '' || own === undefined) return undefined;
    const address =
      container.attachments.map(({ ipv4, ipv6 }) => (trace.family === 4 ? ipv4 : ipv6)).find(Boolean) ??
      destination.address;
    if (own.route?.type === 'local' || destination.published) return undefined;
    return {
      text: `${container.name} is to have the address ${address}, but no interface of it has.`,
      evidence: [dropEvidence(trace), `${container.name}: ${address} is not local (${own.errno ?? own.route?.type})`],
      verdict: 'dropped',
      fixes: [
        {
          text: `Restart ${container.name}, which builds its network anew`,
          commands: [`docker restart ${container.name}`],
          undo: [],
        },
      ],
    };
  },
};

const noNeighbor: CauseRow = {
  code: 'no-neighbor',
  explain: (trace) => {
    const { facts, outcome } = trace;
    if (outcome.reply?.role === 'answer' || outcome.drop?.reason === 'NETFILTER_DROP') return undefined;
    const place = [facts.last, facts.source, facts.host].find(
      (candidate) =>
        candidate?.neighbor !== undefined &&
        candidate.neighbor !== 'none' &&
        ['incomplete', 'failed'].includes(candidate.neighbor.state),
    );
    if (place?.neighbor === undefined || place.neighbor === 'none') return undefined;
    const address = place.neighbor.address ?? trace.destination.address;
    return {
      text: `Nobody has the address ${address}: ${place.place} asked on the wire, and no answer came.`,
      evidence: [
        `neighbour table of ${place.place}: ${address} is ${place.neighbor.state}`,
        ...(outcome.drop ? [dropEvidence(trace)] : []),
      ],
      verdict: 'dropped',
    };
  },
};

/** Causes that interfaces and their neighbours tell. */
export const linkRows: readonly CauseRow[] = [
  interfaceDown,
  offTheBridge,
  closedNetwork,
  portsIsolated,
  portBlocked,
  addressMissing,
  wrongNeighbor,
  wrongForwarding,
  silentNeighbor,
  noNeighbor,
];
