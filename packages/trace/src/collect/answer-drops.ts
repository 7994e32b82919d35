import type { IpAddress } from '@fairlead/base';
import { errnoOf } from '@fairlead/kernel';
import type { NamespaceName } from '@fairlead/netlink';
import type { DroppedAnswer } from '../cause/dropped-answer.ts';
import { type PacketHeader, readPacketHeader } from '../packet/packet-header.ts';
import type { EventRecord } from '../program/event-record.ts';
import { DropRules } from './drop-rules.ts';
import { watchDrops } from './drop-watch.ts';
import { lookUpName } from './name-lookup.ts';
import type { Namespaces } from './namespaces.ts';
import { inodeOf } from './place-map.ts';

/** Milliseconds in which a name service of the same machine has answered, or its answer was dropped. */
const PATIENCE = 300;
/** Packets that were dropped meanwhile: somebody may be flooded just then. */
const DROPS = 1000;

/** Who asks which server for what. */
export interface AnswerQuestion {
  readonly namespace: NamespaceName;
  readonly server: IpAddress;
  readonly target: string;
}

/**
 * Ask a name server of the same namespace once more, and see whether a rule there drops its answer. No answer carries a number
 * of ours, so it is known by who sends it, and the rule by the trace of the first packet of its flow.
 *
 * @returns `undefined` where none was seen to be dropped, or this kernel does not show drops.
 */
export async function watchAnswers(
  { namespace, server, target }: AnswerQuestion,
  namespaces: Namespaces,
): Promise<DroppedAnswer | undefined> {
  const inode = inodeOf(namespace);
  if (inode === undefined) return undefined;
  const records: EventRecord[] = [];
  using parts = new DisposableStack();
  try {
    const watch = parts.use(watchDrops((record) => records.length < DROPS && records.push(record)));
    watch.add(inode);
    const rules = parts.use(new DropRules());
    rules.look(inode, namespace);
    const resolvConf = `nameserver ${server}`;
    await lookUpName(namespaces.get(namespace), { hosts: '', resolvConf }, target, [4], PATIENCE);
    rules.turn();
    for (const { bytes, reason, function: where } of records) {
      const header = readPacketHeader(bytes);
      if (watch.reasons.get(reason) !== 'NETFILTER_DROP' || !isAnswer(header, server)) continue;
      const rule = rules.ruleOf(inode, header);
      return { function: where, ...(rule && { rule }) };
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
  return undefined;
}

function isAnswer(header: PacketHeader | undefined, server: IpAddress): header is PacketHeader {
  return header?.source === server && header.protocol === UDP;
}

const UDP = 17;
