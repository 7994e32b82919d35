import { FairleadError, messageOf } from '@fairlead/base';
import { findCommand, type GlobalOptions, splitGlobalOptions } from './command/command-choice.ts';
import { commandTable } from './command/command-table.ts';
import { parseWords, Stop } from './command/word-parser.ts';

/** Where `up` puts the socket of the engine. */
const defaultAddress = 'unix:///run/fairlead/docker.sock';

/** What the shell is told when an error ends a command; docker's own number for trouble with its daemon. */
const failureCode = 1;

/**
 * Run one command line.
 *
 * @param words what follows the program's name.
 * @returns the exit code.
 */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  // A reader that has seen enough (`fairlead ps | head -1`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  try {
    return await dispatch(words);
  } catch (error) {
    if (error instanceof Stop) return show(error);
    process.stderr.write(`fairlead: ${messageOf(error)}\n`);
    return failureCode;
  }
}

async function dispatch(words: readonly string[]): Promise<number> {
  const { globals, rest } = splitGlobalOptions(words);
  const found = findCommand(commandTable, rest);
  if (found.kind === 'unknown') throw unknownCommand(rest);
  if (found.kind === 'help') {
    const { helpText } = await import('./command/help.ts');
    process.stdout.write(helpText(commandTable, found.words));
    return 0;
  }
  if (found.kind === 'version') {
    const { productVersion } = await import('./product-version.ts');
    process.stdout.write(`Fairlead version ${productVersion()}\n`);
    return 0;
  }
  const { words: operands, options } = parseWords(found.command, found.rest);
  const [action, { connect }] = await Promise.all([found.command.load(), import('./connection/connection.ts')]);
  return action({
    words: operands,
    options,
    commands: commandTable,
    engine: connect(addressFrom(globals)),
    print: (line) => process.stdout.write(`${line}\n`),
  });
}

function unknownCommand(words: readonly string[]): FairleadError {
  return new FairleadError('invalid-argument', `'${words.join(' ')}' is not a fairlead command. See 'fairlead --help'`);
}

function addressFrom({ host }: GlobalOptions): string {
  return host ?? process.env['FAIRLEAD_HOST'] ?? process.env['DOCKER_HOST'] ?? defaultAddress;
}

function show({ text, code }: Stop): number {
  (code === 0 ? process.stdout : process.stderr).write(text);
  return code;
}
