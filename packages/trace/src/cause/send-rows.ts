import type { LinkDetails } from '@fairlead/netlink';
import type { Case } from '../model/case.ts';
import { linkNamed, linkNumbered, otherEnd, type UnusableAddress } from '../model/facts.ts';
import { packetLength } from '../packet/packet-header.ts';
import { type CauseRow, commandIn, dropEvidence, portsExhausted } from './row.ts';

function unusableText({ state }: UnusableAddress): string {
  return state === 'dadfailed'
    ? 'since somebody else on the wire has that address (duplicate address detection has failed)'
    : 'yet: it is not yet known whether somebody else has that address (duplicate address detection)';
}

/** EADDRNOTAVAIL is what connect() says, EAGAIN what a bind to any port says (inet_hash_connect, inet_csk_get_port). */
const portsTaken: CauseRow = {
  code: 'ports-exhausted',
  explain: ({ sendFailure, source, outcome }) => {
    if (!/^(EADDRINUSE|EADDRNOTAVAIL|EAGAIN)$/.test(sendFailure ?? '') || outcome.drop !== undefined) return undefined;
    const { text } = portsExhausted(source.name, source.namespace);
    return { text, evidence: [`send in ${source.name}: ${sendFailure}`], verdict: 'dropped' };
  },
};

const notSent: CauseRow = {
  code: 'not-sent',
  explain: (trace) => {
    const { sendFailure, source, outcome } = trace;
    if (sendFailure === undefined || outcome.drop !== undefined) return undefined;
    const evidence = [`send in ${source.name}: ${sendFailure}`];
    // The kernel passes over an address that it may not use, and takes another, from which nobody there can be reached.
    const given = (source.container?.attachments ?? []).flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
    const unusable = trace.facts.source.unusable?.find(
      ({ address }) => address === source.address || given.includes(address),
    );
    if (unusable !== undefined) {
      return {
        text: `${source.name} may not send from ${unusable.address} ${unusableText(unusable)}.`,
        evidence: [...evidence, `${unusable.address} in ${source.name}: ${unusable.state}`],
        verdict: 'dropped',
      };
    }
    const lo = trace.facts.source.links.find(({ name }) => name === 'lo');
    if (lo?.up === false && trace.destination.local) {
      const command = (state: string) => commandIn(source.namespace, `ip link set lo ${state}`);
      return {
        text: `The interface lo of ${source.name} is down, and with it everything that stays within ${source.name}.`,
        evidence: [...evidence, `lo in ${source.name}: down`],
        verdict: 'dropped',
        fixes: [{ text: 'Bring it up again', commands: [command('up')], undo: [command('down')] }],
      };
    }
    if (sendFailure === 'EPERM')
      return { text: `A rule of ${source.name}'s own for outgoing packets drops it.`, evidence, verdict: 'dropped' };
    return { text: `${source.name} could not send it: ${sendFailure}.`, evidence, verdict: 'dropped' };
  },
};

const tooBig: CauseRow = {
  code: 'too-big',
  explain: (trace) => {
    const { outcome, sendFailure, facts, source } = trace;
    const { drop, reply } = outcome;
    const size = drop?.bytes === undefined ? trace.size : packetLength(drop.bytes);
    const told = reply?.header.fittingMtu;
    const at = sendFailure === 'EMSGSIZE' ? facts.source : facts.last;
    const narrow = narrowPlace(trace, size);
    if (sendFailure !== 'EMSGSIZE' && drop?.reason !== 'PKT_TOO_BIG' && told === undefined && narrow === undefined)
      return undefined;
    const link = narrow === undefined ? linkNumbered(at, at?.onward?.route?.outgoing) : narrow.link;
    const fits = told ?? link?.mtu;
    const where = sendFailure === 'EMSGSIZE' ? source.name : (at?.place ?? 'the host');
    const by = narrow?.text ?? `${link?.name ?? 'an interface'}, which`;
    const [network = 'NETWORK'] = source.container?.attachments.map((attachment) => attachment.network) ?? [];
    return {
      text: `A packet of ${size ?? 'this'} bytes does not fit the way: ${where} sends it by ${by} takes ${fits ?? 'fewer'}. Large packets vanish where the message about it is lost.`,
      evidence: [
        sendFailure === 'EMSGSIZE' ? `send in ${source.name}: EMSGSIZE` : dropEvidence(trace),
        ...(told === undefined ? [] : [`ICMP: too big, ${told} would fit`]),
        ...(link === undefined ? [] : [`${link.name}: mtu ${link.mtu}`]),
      ],
      verdict: 'dropped',
      fixes: [
        {
          text: 'Make the network anew with the size that fits',
          commands: [
            `docker network create -o com.docker.network.driver.mtu=${fits ?? 1400} ${network}-${fits ?? 1400}`,
          ],
          undo: [`docker network rm ${network}-${fits ?? 1400}`],
        },
      ],
    };
  },
};

/** A bridge drops what its port does not take, without a reason, and a cable what its other end does not take. */
function narrowPlace(
  { outcome: { drop }, facts }: Case,
  size: number | undefined,
): { readonly text: string; readonly link?: LinkDetails } | undefined {
  const own = linkNamed(facts.last, drop?.device?.name);
  if (own === undefined || drop?.reason === 'NETFILTER_DROP') return undefined;
  if (own.carrier === true && /^__dev_forward_skb/.test(drop?.function ?? '')) {
    const end = otherEnd(own, [facts.host, facts.source, facts.destination, facts.last]);
    const which = end === undefined ? '' : ` (${end.link.name} in ${end.place})`;
    return { text: `${own.name}, the other end of which${which}`, ...(end && { link: end.link }) };
  }
  return size !== undefined && own.mtu < size ? { text: `${own.name}, which`, link: own } : undefined;
}

/** Causes that the kernel tells the sender. */
export const sendRows = { tooBig, portsTaken, notSent };
