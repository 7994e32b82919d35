import { FairleadError } from '@fairlead/base';

/** A command line that cannot be. */
export function refusal(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}

/** Options that docker names together with their letter. */
const letters: Readonly<Record<string, string>> = { env: '-e, ', publish: '-p, ' };

/** The value of one option, in the words that docker's own command has for all of them. */
export function badValue(text: string, option: string, why: string): FairleadError {
  return refusal(`invalid argument ${JSON.stringify(text)} for "${letters[option] ?? ''}--${option}" flag: ${why}`);
}
