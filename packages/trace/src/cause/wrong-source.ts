import { familyOf, prefixContains } from '@fairlead/base';
import { linkNumbered } from '../model/facts.ts';
import type { Outcome } from '../model/outcome.ts';
import { type CauseRow, commandIn } from './row.ts';

/** An answer was made, or is waited for, and was lost; the host itself drops those that nothing translates back. */
function isAnswerLost({ drop, rule, reply, verdict }: Outcome): boolean {
  if (drop !== undefined) return drop.role === 'answer' && rule?.owner === 'fairlead';
  return rule === undefined && verdict !== 'delivered' && (reply?.role === 'answer' || verdict === 'lost');
}

/** A container sends under an address that its network does not lead back to: a route says so, or its addresses do. */
export const wrongSource: CauseRow = {
  code: 'wrong-source',
  explain: (trace) => {
    const { source, facts, directory, outcome, destination } = trace;
    const { name, address, container } = source;
    if (container === undefined || source.arrival || !isAnswerLost(outcome)) return undefined;
    const route = facts.source.onward?.route;
    const device = linkNumbered(facts.source, route?.outgoing);
    const attachment = container.attachments.find((each) => each.interface === device?.name);
    const network = directory.networks.find((each) => each.name === attachment?.network);
    if (device === undefined || network?.driver !== 'bridge' || network.subnets.length === 0) return undefined;
    if (network.subnets.some((subnet) => prefixContains(subnet, address))) return undefined;
    const own = familyOf(address) === 4 ? attachment?.ipv4 : attachment?.ipv6;
    const ip = familyOf(address) === 6 ? 'ip -6' : 'ip';
    const commands = [`${ip} route get ${destination.address}`, `${ip} addr show to ${address}`];
    return {
      text: `${name} sends to ${destination.address} by ${device.name} under the address ${address}, which is none of its network ${network.name} (${network.subnets.join(', ')}): answers to it do not find back. A route in ${name} prefers that address (src), or its own address ${own ?? ''} is not to be used.`.replace(
        '  ',
        ' ',
      ),
      evidence: [
        `route lookup in ${name} for ${destination.address}: dev ${device.name} src ${address}`,
        `network ${network.name}: ${network.subnets.join(', ')}`,
      ],
      verdict: 'dropped',
      fixes: [
        {
          text: 'Find the route or the address, and take it away',
          commands: commands.map((each) => commandIn(source.namespace, each)),
          undo: [],
        },
      ],
    };
  },
};
