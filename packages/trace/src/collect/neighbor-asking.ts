import { setTimeout } from 'node:timers/promises';
import { familyOf } from '@fairlead/base';
import { type NeighborQuestion, neighborType, questionFrame, readNeighborFrame } from '@fairlead/base/neighbor-frame';
import { openRawLink } from '@fairlead/kernel/raw-link';
import type { NamespaceName } from '@fairlead/netlink';
import { answerFilter } from '../packet/neighbor-answer.ts';

/** Milliseconds after which who has not answered is asked again, so often, before he counts as silent. */
const WAIT = 120;
const QUESTIONS = 3;
/** Milliseconds between two looks for the answer. */
const STEP = 5;

/**
 * Ask on a link who has an address, whatever the namespace remembers of that: its tables of neighbours are neither read nor
 * changed.
 *
 * @returns whether somebody answered; `undefined` when the link is not there or does not send.
 */
export async function askOnLink(
  { namespace, link }: { readonly namespace: NamespaceName; readonly link: string },
  question: NeighborQuestion,
): Promise<boolean | undefined> {
  const family = familyOf(question.target);
  let answered = false;
  const onFrame = (frame: Uint8Array): void => {
    const said = readNeighborFrame(frame);
    answered ||= said?.kind === 'answer' && said.target === question.target;
  };
  const filter = { program: answerFilter(family), type: neighborType[family], ports: [] };
  try {
    using open = openRawLink({ namespace, link, ...filter, onFrame });
    for (let asked = 0; asked < QUESTIONS && !answered; asked++) {
      open.send(questionFrame(question));
      for (let waited = 0; waited < WAIT && !answered; waited += STEP) await setTimeout(STEP);
    }
    return answered;
  } catch {
    // It has gone, or is down: that is told by itself.
    return undefined;
  }
}
