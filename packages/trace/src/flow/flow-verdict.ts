import { type Flow, flowStatus } from '@fairlead/netlink';
import type { FlowVerdict } from './flow-report.ts';

/** What a tracked connection says of itself. @param hasEnded the kernel has forgotten it. */
export function verdictOf(flow: Flow, hasEnded: boolean): FlowVerdict {
  const answered = (flow.status & flowStatus.seenReply) !== 0;
  if (flow.tcpState === 'close') return closedVerdict(flow);
  if (flow.tcpState === 'time-wait') return 'closed';
  if (!answered) return hasEnded ? 'unanswered' : 'asking';
  if (flow.tcpState === undefined) return 'answered';
  if (flow.tcpState === 'established') return hasEnded ? 'forgotten' : 'established';
  if (isOpening(flow)) return hasEnded ? 'unanswered' : 'asking';
  return hasEnded ? 'closed' : 'established';
}

/**
 * A reset. The first packet's is a refusal, after which the kernel forgets the flow at once; without an answer in the
 * count the asker itself gave up.
 */
function closedVerdict({ status, counters }: Flow): FlowVerdict {
  if ((status & flowStatus.assured) !== 0) return 'reset';
  return counters?.reply.packets === 0 ? 'unanswered' : 'refused';
}

function isOpening({ tcpState }: Flow): boolean {
  return tcpState === 'none' || tcpState === 'syn-sent' || tcpState === 'syn-sent2' || tcpState === 'syn-received';
}

/** True for verdicts after which nothing more is to come. */
export function isFinal(verdict: FlowVerdict): boolean {
  return verdict === 'closed' || verdict === 'reset' || verdict === 'refused' || verdict === 'forgotten';
}
