import { FairleadError } from '@fairlead/base';
import type { TraceReport } from '@fairlead/trace';
import { answeredYes } from '../command/agreement.ts';

/** Who is asked whether a fix may be tried. */
export interface Person {
  /** False where nobody can answer: standard input is no terminal. */
  readonly isThere: boolean;
  readonly ask: (question: string) => Promise<boolean>;
}

/** Whoever sits at the terminal. Questions go to standard error: standard output is for reports. */
export const atTerminal: Person = {
  isThere: process.stdin.isTTY === true,
  ask: (question) => answeredYes(question, process.stderr),
};

/** @throws FairleadError `invalid-argument` when nobody can be asked about a fix. */
export function requirePerson(number: number, { isThere }: Person = atTerminal): void {
  if (isThere) return;
  throw new FairleadError(
    'invalid-argument',
    `--apply ${number} changes this machine, and nobody can be asked here: say --yes as well`,
  );
}

/**
 * The commands of a fix that somebody agrees to, after having seen them; `undefined` when nobody does. A fix that there is
 * not, or that only a person can do, is not asked about: the engine refuses it.
 */
export async function agreedFix(
  number: number,
  { fixes }: Pick<TraceReport, 'fixes'>,
  { ask }: Person = atTerminal,
): Promise<readonly string[] | undefined> {
  const fix = fixes[number - 1];
  if (fix?.action === undefined) return fix?.commands ?? [];
  const commands = fix.commands.map((command) => `  ${command}`);
  const question = ['', 'This would be done:', ...commands, `Try fix ${number}, and trace again?`].join('\n');
  return (await ask(question)) ? fix.commands : undefined;
}
