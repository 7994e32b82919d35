import { addressOf } from '@fairlead/base';
import { icmpText } from '../model/hops.ts';
import type { CauseRow } from './row.ts';

/** Somebody outside says that it goes no further. */
export const refusedOutside: CauseRow = {
  code: 'refused-outside',
  explain: ({ outcome, facts, destination, protocol, observation }) => {
    const { drop, last } = outcome;
    const reply = observation.sightings.find(({ role }) => role !== 'request');
    if (drop !== undefined || reply?.role !== 'error' || facts.host === undefined) return undefined;
    const { source } = reply.header;
    const isOurs = [facts.host, facts.source, facts.destination].some((place) =>
      place?.addresses?.some((own) => addressOf(own) === source),
    );
    if (isOurs || destination.container !== undefined) return undefined;
    const says = icmpText(reply.header) ?? 'an error';
    const who =
      source === destination.address ? `${source} itself` : `${source}, on the way to ${destination.address},`;
    return {
      text: `It left this machine${last?.device === undefined ? '' : ` by ${last.device.name}`} as it should; ${who} answers with an error: ${says}. The cause is there, not on this machine.`,
      evidence: [
        `kernel: ${says} from ${source} came in by ${reply.device?.name ?? 'an interface'}, about this ${protocol} packet`,
      ],
      verdict: outcome.verdict === 'refused' ? 'refused' : 'dropped',
    };
  },
};
