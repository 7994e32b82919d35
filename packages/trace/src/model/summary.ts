import type { Case } from './case.ts';
import { carrierText, icmpText } from './hops.ts';

/** The verdict in one sentence. */
export function summaryOf(trace: Case): string {
  const { outcome, destination, source, placeName, listener } = trace;
  const { drop, reply } = outcome;
  const where = drop && `${placeName(drop.namespace)}${drop.device === undefined ? '' : ` (${drop.device.name})`}`;
  switch (outcome.verdict) {
    case 'delivered':
      return `delivered to ${listener ?? endName(trace)}${replyText(trace)}`;
    case 'refused':
      return `refused by ${destination.name}: ${reply === undefined ? 'an error came back' : refusalText(trace)}`;
    case 'dropped':
      if (drop === undefined && reply?.role === 'error')
        return `an error came back from ${reply.header.source}: ${icmpText(reply.header) ?? 'of no known kind'}`;
      if (drop === undefined) return 'not sent any further';
      return drop.role === 'request' ? `dropped in ${where}` : `it arrived, but the answer was dropped in ${where}`;
    case 'lost':
      return `left this machine${leftBy(outcome.last)}; no answer came back`;
    case 'unknown':
      return `what was seen of the packet from ${source.name} does not tell where it ended`;
    default:
      return outcome.verdict satisfies never;
  }
}

function leftBy(last: Case['outcome']['last']): string {
  const carrier = last?.carrier === undefined ? '' : ` in ${carrierText(last.carrier)}`;
  return last?.device === undefined ? carrier : ` by ${last.device.name}${carrier}`;
}

function endName({ destination }: Case): string {
  return destination.container?.name ?? destination.name;
}

function replyText({ outcome: { reply }, protocol }: Case): string {
  if (reply === undefined) return protocol === 'udp' ? '; UDP does not answer by itself' : '';
  const flags = reply.header.flags?.filter((flag) => flag === 'SYN' || flag === 'ACK').join('-');
  return `, answered ${flags ?? icmpText(reply.header) ?? 'with data'}`;
}

function refusalText({ outcome: { reply } }: Case): string {
  if (reply === undefined) return '';
  return reply.header.flags?.includes('RST') === true ? 'RST' : (icmpText(reply.header) ?? 'an error');
}

/** For a packet that ended without being dropped: where it was seen last. */
export function lostSummary({ outcome: { last, reply }, source, placeName, halted, listener }: Case): string {
  if (halted !== undefined && (reply?.role === 'answer' || last?.event === 'used'))
    return `it got to ${listener}, which is ${halted.halt}`;
  if (last === undefined) return `it did not leave ${source.name}`;
  return `no answer; last seen in ${placeName(last.namespace)}${last.device === undefined ? '' : ` (${last.device.name})`}`;
}

/** For a packet that another place took than the one that it was for. */
export function astraySummary({ destination, placeName }: Case, taker = 0): string {
  return `it ended in ${placeName(taker)} instead of ${destination.name}`;
}
