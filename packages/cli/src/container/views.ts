import { FairleadError, isNotFound, messageOf } from '@fairlead/base';
import type { Action, Invocation } from '../command/command.ts';
import type { Connection } from '../connection/connection.ts';
import { printValues } from '../format/listing.ts';
import { textTable } from '../format/text-table.ts';

/** `fairlead inspect`: containers, else networks, else volumes, else images by that name, as docker looks for them. */
export const inspect: Action = (invocation) => {
  const type = invocation.options.text('type');
  return inspectEach(invocation, (name) => inspectAny(invocation.engine, name, type, invocation.options.flag('size')));
};

/** `fairlead container inspect`. */
export const inspectContainers: Action = (invocation) =>
  inspectEach(invocation, (name) => inspectAny(invocation.engine, name, 'container', invocation.options.flag('size')));

/** Inspect every name, print what was found, complain about the rest afterwards as docker does. */
export async function inspectEach(
  { words, options, print }: Invocation,
  find: (name: string) => Promise<unknown>,
): Promise<number> {
  const found: unknown[] = [];
  const failures: unknown[] = [];
  for (const name of words) {
    try {
      found.push(await find(name));
    } catch (error) {
      failures.push(error);
    }
  }
  const format = options.text('format');
  if (found.length > 0 || format === undefined) printValues(found, format, print);
  for (const failure of failures) process.stderr.write(`${messageOf(failure)}\n`);
  return failures.length === 0 ? 0 : 1;
}

async function inspectAny(engine: Connection, name: string, type: string | undefined, size: boolean): Promise<unknown> {
  const paths = {
    container: `/containers/${name}/json`,
    network: `/networks/${name}`,
    volume: `/volumes/${name}`,
    image: `/images/${name}/json`,
  };
  const wanted = Object.entries(paths).filter(([kind]) => type === undefined || kind === type);
  if (wanted.length === 0) {
    const kinds = Object.keys(paths)
      .sort()
      .map((kind) => JSON.stringify(kind));
    throw new FairleadError(
      'invalid-argument',
      `unknown type: ${JSON.stringify(type)}: must be one of ${kinds.join(', ')}`,
    );
  }
  for (const [, path] of wanted) {
    try {
      return await engine.ask('GET', path, { query: { size: size || undefined } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  throw new FairleadError('not-found', `Error: No such ${type ?? 'object'}: ${name}`);
}

/** `fairlead top`. */
export const top: Action = async ({ words: [name = '', ...words], engine, print }) => {
  const query = { ps_args: words.length === 0 ? undefined : words.join(' ') };
  const { Titles, Processes } = await engine.ask<{ Titles: string[]; Processes: string[][] }>(
    'GET',
    `/containers/${name}/top`,
    { query },
  );
  textTable([Titles, ...Processes], 20).forEach(print);
  return 0;
};
