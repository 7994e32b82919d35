import { containerBehind } from '../model/directory.ts';
import { type CauseRow, ownRule, ruleEvidence } from './row.ts';

/** What a container sends under addresses of others, on a network that holds its containers to their own. */
export const spoofedSource: CauseRow = {
  code: 'spoofed-source',
  explain: (trace) => {
    const rule = ownRule(trace, /spoofed/);
    if (rule === undefined) return undefined;
    const { outcome, directory, source } = trace;
    const sender = containerBehind(directory, outcome.drop?.device?.name);
    const name = sender?.container.name ?? source.name;
    const network = sender?.attachment.network;
    const option = 'com.fairlead.antispoof';
    const what = /hardware/.test(rule.text) ? 'another hardware address' : 'an address that is none of its own';
    return {
      text: `${name} sends under ${what}, and is held to its own${network === undefined ? '' : ` on the network ${network}`} (${option}).`,
      evidence: ruleEvidence(trace, rule),
      ...(network !== undefined && {
        fixes: [
          {
            text: 'Let it send under any, if it is to be trusted',
            scope: `all containers of the network ${network} that do not say otherwise`,
            commands: [`fairlead network update ${network} -o ${option}=false`],
            undo: [`fairlead network update ${network} -o ${option}=true`],
          },
        ],
      }),
    };
  },
};
