import { FairleadError, messageOf } from '@fairlead/base';
import type { Action, Invocation } from '../command/command.ts';
import type { Connection } from '../connection/connection.ts';
import { createRequest } from '../container/create-request.ts';
import { type Account, accountText } from './account-text.ts';

/** What the engine says that an operation would do. */
interface Outcome extends Account {
  readonly warnings: readonly string[];
}

/** Exit code when it could not even be made, as of `run`. */
const engineFailure = 125;

/** Do what an action does with an engine that is only asked what it would do, and print what it says. */
export function dryRun(action: Action, invocation: Invocation): Promise<number> {
  const { engine, print } = invocation;
  return action({ ...invocation, engine: rehearsing(engine, (outcome) => show(outcome, print)), print: () => {} });
}

/** `fairlead explain run`, `fairlead run --dry-run`. */
export const explainRun: Action = async ({ words: [image = '', ...command], options, engine, print }) => {
  const query = { name: options.text('name'), platform: options.text('platform') };
  try {
    const body = createRequest(image, command, options);
    show(await engine.ask<Outcome>('POST', '/fairlead/dry-run/containers/run', { query, body }), print);
    return 0;
  } catch (error) {
    process.stderr.write(`fairlead: ${messageOf(error)}\n`);
    return engineFailure;
  }
};

/** Every change is asked for where it is rehearsed; an action gets nothing for an answer. */
function rehearsing(engine: Connection, show: (outcome: Outcome | undefined) => void): Connection {
  return {
    ...engine,
    async ask<T>(...[method, path, options]: Parameters<Connection['ask']>) {
      if (method === 'GET') return await engine.ask<T>(method, path, options);
      show(
        await engine.ask<Outcome | undefined>(method, `/fairlead/dry-run${path.replace(/^\/fairlead/, '')}`, options),
      );
      return {} as T;
    },
    hijack: refuse,
    open: refuse,
  };
}

/** Streams have nothing that could be told beforehand. */
async function refuse(): Promise<never> {
  throw new FairleadError('invalid-argument', '--dry-run attaches to nothing');
}

/** Standard output can be pasted into a root shell. There is no outcome where it is as it was asked for already. */
function show(outcome: Outcome | undefined, print: (line: string) => void): void {
  if (outcome === undefined) return print('# nothing: it is so already');
  for (const warning of outcome.warnings) process.stderr.write(`WARNING: ${warning}\n`);
  accountText(outcome).forEach(print);
}
