import type { LinkDetails } from '@fairlead/netlink';
import type { Case } from '../model/case.ts';
import { type AnswerWay, linkNumbered } from '../model/facts.ts';
import type { Fix } from '../model/report.ts';
import { isStuck } from './passage.ts';
import { type CauseRow, commandIn } from './row.ts';

/** The answer goes by another interface than the one that leads to who asked. */
const answerElsewhere: CauseRow = {
  code: 'answer-elsewhere',
  explain: (trace) => {
    const { outcome, source, facts } = trace;
    const way = facts.answerWay ?? ownWayBack(trace);
    const isStopped = outcome.drop !== undefined && outcome.drop.reason !== 'OTHERHOST';
    if (way === undefined || isStopped || outcome.verdict === 'delivered') return undefined;
    const wanted = wantedLinks(trace, way);
    const [device, master] = [way.device.name, masterOf(trace, way.device) ?? ''];
    if (wanted.length === 0 || device === 'lo' || wanted.includes(device) || wanted.includes(master)) return undefined;
    const { route } = way.route;
    // A bridge that does not know an address sends to all its ports, which is nobody's route.
    if (route === undefined || ![way.device.index, way.device.masterIndex].includes(route.outgoing)) return undefined;
    const where = ` (${tableText(route)})`;
    const who = source.arrival ? 'the one who asked by' : `${source.name}, who is reached by`;
    return {
      text: `${way.place} sends the answer to ${way.destination} by ${device}, which is not the way to ${who} ${wanted.join(', ')}: a route or a rule of policy routing leads it there${where}.`,
      evidence: [
        `kernel: the answer was last seen ${facts.answerWay === undefined ? 'nowhere' : way.event} in ${way.place}`,
        `route lookup in ${way.place} for ${way.destination} from ${way.source}: ${device}${where}`,
      ],
      // Who asked from outside may be reached by any wire.
      verdict: source.arrival ? 'lost' : 'dropped',
      fixes: [routeFix(trace, way)],
    };
  },
};

function tableText({ table, gateway }: NonNullable<AnswerWay['route']['route']>): string {
  return `table ${table}${gateway === undefined ? '' : `, via ${gateway}`}`;
}

function routeFix({ namespaceName }: Case, { inode, destination, route: { route } }: Omit<AnswerWay, 'event'>): Fix {
  const ip = destination.includes(':') ? 'ip -6' : 'ip';
  const commands = [`${ip} rule`, `${ip} route show table ${route?.table ?? 'all'}`];
  return {
    text: 'Find the rule or the route, and take it away, or give that table the right one as well',
    commands: commands.map((command) => commandIn(namespaceName(inode), command)),
    undo: [],
  };
}

/** Of a packet that has arrived, and whose answer was not seen: how it would go. */
function ownWayBack(trace: Case): AnswerWay | undefined {
  const { facts, destination, source, outcome } = trace;
  const there = facts.destination;
  const route = there?.onward?.route;
  const device = linkNumbered(there, route?.outgoing);
  if (there === undefined || route?.type !== 'unicast' || device === undefined || isStuck(trace)) return undefined;
  const asker = outcome.last?.header.source ?? source.address;
  const ends = { source: destination.address, destination: asker } as const;
  return { place: there.place, inode: there.inode, event: 'received', device, ...ends, route: { route } };
}

/** Interfaces that lead from there to who asked; none when that is not known. */
function wantedLinks({ source, destination, directory, observation, placeName }: Case, way: AnswerWay): string[] {
  const own = source.container?.attachments ?? [];
  if (placeName(way.inode) === 'host') {
    if (source.arrival) return observation.arrivalDevice === undefined ? [] : [observation.arrivalDevice];
    const networks = own.map(({ network }) => directory.networks.find(({ name }) => name === network));
    return networks.flatMap((network) => (network?.driver === 'bridge' ? (network.interface ?? []) : []));
  }
  const shared = destination.container?.attachments.filter(({ network }) =>
    own.some((each) => each.network === network),
  );
  return (shared ?? []).flatMap((attachment) => attachment.interface ?? []);
}

function masterOf({ facts }: Case, { masterIndex }: LinkDetails): string | undefined {
  return linkNumbered(facts.host, masterIndex)?.name;
}

/** Between two containers of one network the packet goes by another interface than the one that is on it. */
const sentElsewhere: CauseRow = {
  code: 'sent-elsewhere',
  explain: (trace) => {
    const { source, destination, facts } = trace;
    const others = destination.container?.attachments.map(({ network }) => network) ?? [];
    const shared = source.container?.attachments.filter(({ network }) => others.includes(network)) ?? [];
    const wanted = shared.flatMap((attachment) => attachment.interface ?? []);
    const route = facts.source.onward?.route;
    const device = linkNumbered(facts.source, route?.outgoing);
    const isByAddress = shared.length > 0 && !destination.published && isStuck(trace);
    if (!isByAddress || device === undefined || device.name === 'lo' || wanted.length === 0) return undefined;
    if (route === undefined || source.container?.attachments.some((each) => each.interface === device.name))
      return undefined;
    const way = { place: source.name, inode: facts.source.inode, device, source: source.address, route: { route } };
    return {
      text: `${source.name} sends packets for ${destination.name} (${destination.address}) by ${device.name} instead of ${wanted.join(', ')}: a route or a rule of policy routing of its own leads them there (${tableText(route)}).`,
      evidence: [`route lookup in ${source.name} for ${destination.address}: ${device.name} (${tableText(route)})`],
      verdict: 'dropped',
      fixes: [routeFix(trace, { ...way, destination: destination.address })],
    };
  },
};

/** Causes of packets and answers that were sent by a wrong interface. */
export const answerRows = { answerElsewhere, sentElsewhere };
