import { messageOf } from '@fairlead/base';
import type { Invocation } from '../command/command.ts';
import { inspectEach } from '../container/views.ts';

/**
 * Inspect things of a swarm: as JSON or with a template, or with `--pretty` as a text for people.
 *
 * @param tell the lines of such a text.
 */
export async function inspectOrTell<T>(
  invocation: Invocation,
  find: (name: string) => Promise<T>,
  tell: (thing: T) => readonly string[] | Promise<readonly string[]>,
): Promise<number> {
  const { words, options, print } = invocation;
  if (!options.flag('pretty') && options.text('format') !== 'pretty') return await inspectEach(invocation, find);
  try {
    for (const name of words) (await tell(await find(name))).forEach(print);
    return 0;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  }
}
