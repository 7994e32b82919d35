import type { Action, Invocation } from '../command/command.ts';

interface Records {
  readonly records: readonly string[];
}

/** `fairlead dns ls`. */
export const list: Action = async ({ words: [network = ''], engine, print }) => {
  const { records } = await engine.ask<Records>('GET', `/fairlead/networks/${encodeURIComponent(network)}/dns`);
  for (const record of records) print(record);
  return 0;
};

/** `fairlead dns add`. */
export const add: Action = (invocation) => change(invocation, 'add');

/** `fairlead dns rm`. */
export const remove: Action = (invocation) => change(invocation, 'remove');

async function change({ words: [network = '', ...record], engine }: Invocation, how: 'add' | 'remove') {
  const body = { [how]: [record.map(quoted).join(' ')] };
  await engine.ask('POST', `/fairlead/networks/${encodeURIComponent(network)}/dns`, { body });
  return 0;
}

/** The shell has taken quotes away that a record needs. */
function quoted(word: string): string {
  return /^[^\s"\\]+$/.test(word) ? word : `"${word.replaceAll(/["\\]/g, '\\$&')}"`;
}
