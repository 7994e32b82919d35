import { FairleadError } from '@fairlead/base';
import { goQuote } from './go-text.ts';
import { parseHealthCheck } from './health-check.ts';
import type { CommandLine, Instruction, Order, Pair, Transfer } from './instruction.ts';
import { parseFlags } from './instruction-flags.ts';
import type { Statement } from './statement.ts';

/**
 * What an instruction means.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function parseInstruction(statement: Statement): Instruction {
  const parse = Object.hasOwn(parsers, statement.name) ? parsers[statement.name] : undefined;
  if (parse === undefined) throw invalid(`unknown instruction: ${statement.name.toUpperCase()}`);
  return { ...parse(statement), code: statement.code, line: statement.line };
}

const parsers: Readonly<Record<string, (statement: Statement) => Order>> = {
  from: parseFrom,
  arg: parseArg,
  run: (statement) => ({ kind: 'run', command: commandOf(statement), flags: flagsOf(statement, ['mount']) }),
  cmd: (statement) => ({ kind: 'cmd', command: commandOf(withoutFlags(statement)) }),
  entrypoint: (statement) => ({ kind: 'entrypoint', command: commandOf(withoutFlags(statement)) }),
  add: (statement) => ({ kind: 'add', ...transferOf(statement, ['chown', 'chmod']) }),
  copy: (statement) => ({
    kind: 'copy',
    ...transferOf(statement, ['chown', 'chmod', 'from']),
    from: parseFlags(statement.flags, ['chown', 'chmod', 'from']).get('from') ?? '',
  }),
  env: (statement) => ({ kind: 'env', pairs: pairsOf(withoutFlags(statement)) }),
  label: (statement) => ({ kind: 'label', pairs: pairsOf(withoutFlags(statement)) }),
  maintainer: (statement) => ({ kind: 'maintainer', text: oneWord(withoutFlags(statement)) }),
  expose: (statement) => ({ kind: 'expose', ports: someWords(withoutFlags(statement)).toSorted() }),
  volume: (statement) => ({ kind: 'volume', paths: parseVolumes(withoutFlags(statement)) }),
  user: (statement) => ({ kind: 'user', user: oneWord(withoutFlags(statement)) }),
  workdir: (statement) => ({ kind: 'workdir', path: oneWord(withoutFlags(statement)) }),
  stopsignal: (statement) => ({ kind: 'stopsignal', signal: oneWord(withoutFlags(statement)) }),
  shell: parseShell,
  onbuild: parseOnbuild,
  healthcheck: (statement) => ({ kind: 'healthcheck', check: parseHealthCheck(statement) }),
};

function parseFrom({ words, flags }: Statement): Order {
  const [image = '', as = '', name] = words;
  const isNamed = words.length === 3 && as.toLowerCase() === 'as';
  if (!isNamed && words.length !== 1) throw invalid('FROM requires either one or three arguments');
  const stage = (name ?? '').toLowerCase();
  if (isNamed && !/^[a-z][a-z0-9\-_.]*$/.test(stage)) {
    const reason = `name can't start with a number or contain symbols`;
    throw invalid(`invalid name for build stage: ${goQuote(name ?? '')}, ${reason}`);
  }
  return { kind: 'from', image, stage, platform: parseFlags(flags, ['platform']).get('platform') ?? '' };
}

function parseArg(statement: Statement): Order {
  const words = someWords(withoutFlags(statement));
  const asked = words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0) return { name: word };
    if (equals === 0) throw invalid('ARG names can not be blank');
    return { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
  return { kind: 'arg', arguments: asked };
}

function parseVolumes(statement: Statement): string[] {
  return someWords(statement).map((word) => {
    const path = word.trim();
    if (path === '') throw invalid('VOLUME specified can not be an empty string');
    return path;
  });
}

function parseShell(statement: Statement): Order {
  const { words, isJson } = withoutFlags(statement);
  if (words.length === 0) throw invalid('SHELL requires at least one argument');
  if (!isJson) throw invalid(`SHELL requires the arguments to be in JSON form`);
  return { kind: 'shell', words };
}

function parseOnbuild(statement: Statement): Order {
  const [trigger = ''] = someWords(withoutFlags(statement));
  const name = trigger.toUpperCase();
  if (name === 'ONBUILD') throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (name === 'MAINTAINER' || name === 'FROM') throw invalid(`${name} isn't allowed as an ONBUILD trigger`);
  return { kind: 'onbuild', trigger: statement.code.replace(/^\s*ONBUILD\s*/i, '') };
}

function transferOf(statement: Statement, known: readonly string[]): Transfer {
  const { words, flags } = statement;
  const destination = words.at(-1);
  if (destination === undefined || words.length < 2) {
    const reason = 'requires at least two arguments, but only one was provided. Destination could not be determined';
    throw invalid(`${statement.name.toUpperCase()} ${reason}`);
  }
  const values = parseFlags(flags, known);
  return {
    sources: words.slice(0, -1),
    destination,
    owner: values.get('chown') ?? '',
    mode: values.get('chmod') ?? '',
    flags: [...values.keys()],
  };
}

function commandOf({ words, isJson }: Statement): CommandLine {
  return { words, form: isJson ? 'exec' : 'shell' };
}

function pairsOf(statement: Statement): Pair[] {
  const words = someWords(statement);
  return words.flatMap((name, index) => {
    if (index % 2 === 1) return [];
    if (name === '') throw invalid(`${statement.name.toUpperCase()} names can not be blank`);
    return [{ name, value: words[index + 1] ?? '' }];
  });
}

/** Names of the flags that were given. */
function flagsOf({ flags }: Statement, known: readonly string[]): string[] {
  return [...parseFlags(flags, known).keys()];
}

function withoutFlags(statement: Statement): Statement {
  parseFlags(statement.flags, []);
  return statement;
}

function someWords({ name, words }: Statement): readonly string[] {
  if (words.length === 0) throw invalid(`${name.toUpperCase()} requires at least one argument`);
  return words;
}

function oneWord({ name, words }: Statement): string {
  const [word] = words;
  if (word === undefined || words.length !== 1) throw invalid(`${name.toUpperCase()} requires exactly one argument`);
  return word;
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
