import { setTimeout } from 'node:timers/promises';
import { familyOf, type MacAddress } from '@fairlead/base';
import { senderOf } from '@fairlead/base/frame';
import { type NeighborQuestion, neighborType, questionFrame, readNeighborFrame } from '@fairlead/base/neighbor-frame';
import { openRawLink } from '@fairlead/kernel/raw-link';
import type { NamespaceName } from '@fairlead/netlink';
import { answerFilter } from '../packet/neighbor-answer.ts';

/** Milliseconds after which who has not answered is asked again, so often, before he counts as silent. */
const WAIT = 120;
const QUESTIONS = 3;
/** Milliseconds between two looks for the answer. */
const STEP = 5;
/** Milliseconds after the first answer in which somebody else may claim the same address. */
const RIVALRY = 25;

/**
 * Ask on a link who has an address, whatever the namespace remembers of that: its tables of neighbours are neither read nor
 * changed.
 *
 * @returns the hardware addresses of those who answered, none or several; `undefined` when the link is not there or does not
 * send.
 */
export async function askOnLink(
  { namespace, link }: { readonly namespace: NamespaceName; readonly link: string },
  question: NeighborQuestion,
): Promise<ReadonlySet<MacAddress> | undefined> {
  const family = familyOf(question.target);
  const answered = new Set<MacAddress>();
  const onFrame = (frame: Uint8Array): void => {
    const said = readNeighborFrame(frame);
    const isAnswer = said?.kind === 'answer' && said.target === question.target;
    if (isAnswer) answered.add(senderOf(frame));
  };
  const filter = { program: answerFilter(family), type: neighborType[family], ports: [] };
  try {
    using open = openRawLink({ namespace, link, ...filter, onFrame });
    for (let asked = 0; asked < QUESTIONS && answered.size === 0; asked++) {
      open.send(questionFrame(question));
      for (let waited = 0; waited < WAIT && answered.size === 0; waited += STEP) await setTimeout(STEP);
    }
    if (answered.size > 0) await setTimeout(RIVALRY);
    return answered;
  } catch {
    // It has gone, or is down: that is told by itself.
    return undefined;
  }
}
