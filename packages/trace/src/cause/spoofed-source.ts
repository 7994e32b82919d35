import type { Case } from '../model/case.ts';
import { type Attachment, containerBehind } from '../model/directory.ts';
import { linkNamed } from '../model/facts.ts';
import type { Fix } from '../model/report.ts';
import { type CauseRow, commandIn, dropEvidence, type Explanation, ownRule, ruleEvidence } from './row.ts';

const OPTION = 'com.fairlead.antispoof';

/** What a container sends under addresses of others, on a network that holds its containers to their own. */
export const spoofedSource: CauseRow = {
  code: 'spoofed-source',
  explain: (trace) => judged(trace) ?? unheard(trace),
};

/** The packet itself was stopped. */
function judged(trace: Case): Explanation | undefined {
  const rule = ownRule(trace, /spoofed/);
  if (rule === undefined) return undefined;
  const sender = containerBehind(trace.directory, trace.outcome.drop?.device?.name);
  const name = sender?.container.name ?? trace.source.name;
  const network = sender?.attachment.network;
  const what = /hardware/.test(rule.text) ? 'another hardware address' : 'an address that is none of its own';
  return {
    text: heldText(name, what, network),
    evidence: ruleEvidence(trace, rule),
    fixes: network === undefined ? [] : [trustFix(network)],
  };
}

/** It was never sent: nobody hears the sender's questions for its neighbours. */
function unheard(trace: Case): Explanation | undefined {
  const { source, facts, outcome } = trace;
  if (outcome.verdict === 'delivered' || outcome.verdict === 'refused') return undefined;
  const outgoing = facts.source.onward?.route?.outgoing;
  for (const { network, interface: name, heldTo } of source.container?.attachments ?? []) {
    const link = linkNamed(facts.source, name);
    if (link?.mac === undefined || heldTo === undefined || link.mac === heldTo || link.index !== outgoing) continue;
    return {
      text: heldText(source.name, `the hardware address ${link.mac}`, network),
      evidence: [dropEvidence(trace), `${link.name} in ${source.name}: ${link.mac}, given was ${heldTo}`],
      verdict: 'dropped',
      fixes: [addressFix(source.namespace, link.name, { wanted: heldTo, present: link.mac }), trustFix(network)],
    };
  }
  return undefined;
}

function heldText(name: string, what: string, network: string | undefined): string {
  return `${name} sends under ${what}, and is held to its own${network === undefined ? '' : ` on the network ${network}`} (${OPTION}).`;
}

function addressFix(
  namespace: string | undefined,
  link: string,
  { wanted, present }: { readonly wanted: string; readonly present: string },
): Fix {
  const command = (mac: string) => commandIn(namespace, `ip link set ${link} address ${mac}`);
  return { text: 'Give it its own again', commands: [command(wanted)], undo: [command(present)] };
}

function trustFix(network: Attachment['network']): Fix {
  return {
    text: 'Let it send under any, if it is to be trusted',
    scope: `all containers of the network ${network} that do not say otherwise`,
    commands: [`fairlead network update ${network} -o ${OPTION}=false`],
    undo: [`fairlead network update ${network} -o ${OPTION}=true`],
  };
}
