import { type Family, familyOf, type IpAddress, LEAST_MTU6 } from '@fairlead/base';
import type { LinkDetails } from '@fairlead/netlink';
import { tooNarrow } from '../cause/narrow-link.ts';
import { policyTrouble } from '../cause/policy-trouble.ts';
import { commandIn } from '../cause/row.ts';
import type { ProbeSource } from '../plan.ts';
import type { Attachment, Directory } from './directory.ts';
import { type EarlyEnd, ended } from './early-end.ts';
import { type NamespaceFacts, refusalOf } from './facts.ts';
import type { Fix } from './report.ts';

/** A packet that could not be sent, and what is known of the place that was to send it. */
export interface UnsentPacket {
  readonly source: ProbeSource;
  readonly destination: IpAddress;
  readonly family: Family;
  readonly facts: NamespaceFacts;
  readonly directory: Directory;
}

/** Why a place has no way to send something. */
interface Reason {
  readonly code: string;
  readonly text: string;
  readonly evidence?: readonly string[];
  readonly fixes?: readonly Fix[];
}

/** The first that fits says why; `undefined` when it is not this. */
const reasons: readonly ((packet: UnsentPacket) => Reason | undefined)[] = [
  interfaceDown,
  onNoNetwork,
  refusedByPolicy,
  refusedByRouting,
  ipv6Off,
  onInternalNetworks,
  withoutIpv6,
];

/** Nothing can be put in as if it came from outside. */
export function describeNoUplink({ family, facts }: Pick<UnsentPacket, 'family' | 'facts'>): EarlyEnd {
  const down = facts.links.filter(
    ({ up, kind, masterIndex, name }) => !up && kind !== 'bridge' && masterIndex === undefined && name !== 'lo',
  );
  const names = down.map(({ name }) => name).join(', ');
  const why = down.length === 0 ? '' : ` Interfaces that are down have no routes: ${names}.`;
  const onward = facts.links.find(({ index }) => index === facts.onward?.route?.outgoing);
  const text =
    onward !== undefined && onward.mac === undefined
      ? `The default route for IPv${family} leads to ${onward.name}, which has no hardware address: nothing can be put in there as if it came from outside.`
      : `This host has no default route for IPv${family}, so nothing can come in from outside.${why}`;
  const evidence = ['the routing table of the host', ...down.map(({ name }) => `${name} in host: down`)];
  return ended({ code: 'no-uplink', text, evidence }, 'nothing can come from outside');
}

/** The source has no way to send it. */
export function describeUnsendable(packet: UnsentPacket): EarlyEnd {
  const { source, destination, facts } = packet;
  const [found = noRoute(packet)] = reasons.flatMap((reason) => reason(packet) ?? []);
  const { code, text, evidence = [], fixes = [] } = found;
  const errno = facts.onward?.errno ?? facts.onward?.route?.type ?? 'no route';
  const lookup = `route lookup in ${source.name} for ${destination}: ${errno}`;
  return ended({ code, text, evidence: [lookup, ...evidence] }, `${source.name} has no way to ${destination}`, fixes);
}

function attachmentsOf({ source }: UnsentPacket): readonly Attachment[] {
  return source.container?.attachments ?? [];
}

/** Kinds of links that containers are on networks by, whatever they are called by now. */
const cables: ReadonlySet<string | undefined> = new Set(['veth', 'macvlan', 'ipvlan']);

/** What else there is may be down for ever, as the tunnels that the kernel makes in every namespace (tunl0, sit0). */
function interfaceDown(packet: UnsentPacket): Reason | undefined {
  const { source, facts } = packet;
  const own = attachmentsOf(packet).map((attachment) => attachment.interface);
  const down = facts.links.find(({ up, name, kind }) => !up && (own.includes(name) || cables.has(kind)));
  if (down === undefined || source.container === undefined || source.namespace === '') return undefined;
  const command = (state: string) => `ip -n ${source.namespace} link set ${down.name} ${state}`;
  return {
    code: 'interface-down',
    text: `The interface ${down.name} of ${source.name} is down, and its routes went with it.`,
    fixes: [{ text: `Bring ${down.name} up again`, commands: [command('up')], undo: [command('down')] }],
  };
}

function onNoNetwork(packet: UnsentPacket): Reason | undefined {
  const { container, name } = packet.source;
  if (container === undefined || attachmentsOf(packet).some((each) => each.interface !== undefined)) return undefined;
  const words = (verb: string, network: string) => `docker network ${verb} ${network} ${name}`;
  return {
    code: 'no-network',
    text: `${name} is on no network (--network none).`,
    fixes: [
      {
        text: 'Put it on a network',
        commands: [words('disconnect', 'none'), words('connect', 'bridge')],
        undo: [words('disconnect', 'bridge'), words('connect', 'none')],
      },
    ],
  };
}

/** The table of routes has a way, and is not asked. */
function refusedByPolicy({ source, destination, family, facts }: UnsentPacket): Reason | undefined {
  const found = policyTrouble(facts, destination, family, source.namespace);
  return found && { code: 'route-blocked', ...found };
}

function refusedByRouting({ source, destination, family, facts }: UnsentPacket): Reason | undefined {
  const blocked = facts.onward && refusalOf(facts.onward);
  if (blocked === undefined) return undefined;
  const ip = family === 6 ? 'ip -6' : 'ip';
  const commands = [`${ip} rule`, `${ip} route show table all type ${blocked}`];
  return {
    code: 'route-blocked',
    text: `${blocked === 'unreachable' ? 'An' : 'A'} ${blocked} route or rule in ${source.name} refuses ${destination}.`,
    fixes: [
      {
        text: 'Find the route or rule and take it away',
        commands: commands.map((each) => commandIn(source.namespace, each)),
        undo: [],
      },
    ],
  };
}

function ipv6Off(packet: UnsentPacket): Reason | undefined {
  const { source, family, facts } = packet;
  const narrow = facts.links.find(({ name, mtu }) => name !== 'lo' && mtu < LEAST_MTU6);
  if (family === 6 && narrow !== undefined && attachmentsOf(packet).some(({ ipv6 }) => ipv6 !== undefined))
    return narrowReason(source, narrow);
  const off = Object.keys(facts.sysctls).find((key) => key.endsWith('.disable_ipv6') && facts.sysctls[key] === '1');
  if (off === undefined || family !== 6 || attachmentsOf(packet).every(({ ipv6 }) => ipv6 === undefined))
    return undefined;
  return {
    code: 'ipv6-off',
    text: `IPv6 is switched off in ${source.name} (${off} is 1), and its addresses and routes went with it.`,
    evidence: [`${off} = 1`],
    fixes: [
      {
        text: `Restart ${source.name}, which builds its network anew`,
        commands: [`docker restart ${source.name}`],
        undo: [],
      },
    ],
  };
}

function narrowReason(source: ProbeSource, link: LinkDetails): Reason {
  const restart = {
    text: `Restart ${source.name}, which builds its network anew`,
    commands: [`docker restart ${source.name}`],
    undo: [],
  };
  const { text, evidence } = tooNarrow(source.name, link);
  return { code: 'ipv6-off', text, evidence, fixes: [restart] };
}

function onInternalNetworks(packet: UnsentPacket): Reason | undefined {
  const { source, directory } = packet;
  const own = attachmentsOf(packet).map(({ network }) => network);
  const isInternal = (network: string) => directory.networks.find(({ name }) => name === network)?.internal === true;
  if (own.length === 0 || !own.every(isInternal)) return undefined;
  const words = (verb: string) => `docker network ${verb} bridge ${source.name}`;
  return {
    code: 'internal-network',
    text: `${source.name} is only on internal networks (${own.join(', ')}), which have no way out.`,
    fixes: [
      { text: 'Put it on a network with a way out as well', commands: [words('connect')], undo: [words('disconnect')] },
    ],
  };
}

function withoutIpv6(packet: UnsentPacket): Reason | undefined {
  const { source, family } = packet;
  if (family !== 6 || attachmentsOf(packet).some(({ ipv6 }) => ipv6 !== undefined)) return undefined;
  return { code: 'no-ipv6', text: `${source.name} has no IPv6: none of its networks was made with --ipv6.` };
}

function noRoute({ source, destination, family, directory }: UnsentPacket): Reason {
  return {
    code: 'no-source-route',
    text: `${source.name} has no route to ${destination}.`,
    fixes: defaultRouteFix(source, family, directory),
  };
}

/** The gateway of its network is what it is to have as its default route. */
function defaultRouteFix(source: ProbeSource, family: Family, directory: Directory): Fix[] {
  for (const { network, interface: device } of source.container?.attachments ?? []) {
    const place = directory.networks.find(({ name, internal }) => name === network && !internal);
    const gateway = place?.gateways.find((each) => familyOf(each) === family);
    if (gateway === undefined || device === undefined) continue;
    const route = (verb: string) => `ip${family === 6 ? ' -6' : ''} route ${verb} default via ${gateway} dev ${device}`;
    return [
      {
        text: `Give it its default route back (or restart ${source.name})`,
        commands: [commandIn(source.namespace, route('add'))],
        undo: [commandIn(source.namespace, route('del'))],
      },
    ];
  }
  return [];
}
