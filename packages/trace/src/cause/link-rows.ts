import type { LinkDetails } from '@fairlead/netlink';
import type { Case } from '../model/case.ts';
import { linkNamed, type NamespaceFacts, otherEnd } from '../model/facts.ts';
import type { Fix } from '../model/report.ts';
import { isStuck } from './passage.ts';
import { type CauseRow, commandIn, dropEvidence } from './row.ts';

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
        ...wayLink(own, innerName(own, name, linkNamed(host, hostInterface)), end.namespace ?? ''),
        ...wayLink(host, hostInterface, ''),
        ...Object.values(segment ?? {}).flatMap((link) => wayLink(host, link, '')),
        ...(bridge?.driver === 'bridge' ? wayLink(host, bridge.interface, '') : []),
      ];
    });
  return [...inside(source, facts.source), ...inside(destination, facts.destination)];
}

/** What stays within a place passes its lo. */
function loopback({ facts, outcome: { drop }, namespaceName }: Case): WayLink[] {
  return drop?.device?.name === 'lo' ? wayLink(facts.last, 'lo', namespaceName(drop.namespace) ?? '') : [];
}

/** An interface that was given another name is where its cable ends. */
function innerName(own: NamespaceFacts | undefined, name: string | undefined, outer: LinkDetails | undefined) {
  if (own === undefined || outer === undefined || linkNamed(own, name) !== undefined) return name;
  return otherEnd(outer, [own])?.link.name;
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

const interfaceDown: CauseRow = {
  code: 'interface-down',
  explain: (trace) => {
    if (!isStuck(trace)) return undefined;
    const found = [...loopback(trace), ...linksOnWay(trace)].find(({ link }) => !link.up);
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
          commands: [`bridge link set dev ${port.name} state forwarding`],
          undo: [`bridge link set dev ${port.name} state ${port.portState}`],
        },
      ],
    };
  },
};

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
    if (linkNamed(host, right)?.portLimits?.includes('flood off') !== true) return undefined;
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

/** Causes that interfaces tell. */
export const linkRows = { interfaceDown, offTheBridge, closedNetwork, portsIsolated, portBlocked, wrongForwarding };
