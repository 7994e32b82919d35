import { messageOf } from '@fairlead/base';
import type { Invocation } from '../command/command.ts';

/**
 * Do something with every name of a command line, going on after failures, and print each name that it worked for.
 *
 * @returns 1 when anything failed, as docker does.
 */
export async function forEachName(
  { words, print }: Pick<Invocation, 'words' | 'print'>,
  work: (name: string) => Promise<unknown>,
  describe: (name: string, result: unknown) => string = (name) => name,
): Promise<number> {
  let code = 0;
  for (const name of words) {
    try {
      print(describe(name, await work(name)));
    } catch (error) {
      process.stderr.write(`${messageOf(error)}\n`);
      code = 1;
    }
  }
  return code;
}
