import { FairleadError } from '@fairlead/base';

/** What stands behind the name of an instruction. */
export interface SplitArguments {
  /** `--name=value`, quotes and escapes taken away. */
  readonly flags: readonly string[];
  readonly rest: string;
}

/** A flag, with quoted parts. */
const flagPattern = /^(--(?:[^\s"'\\]|\\[\s\S]|"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*')*)(?:\s+|$)/;

/** Take the flags off the beginning of an instruction's arguments; `--` ends them. */
export function splitFlags(text: string): SplitArguments {
  const flags: string[] = [];
  let rest = text;
  for (let match = flagPattern.exec(rest); match !== null; match = flagPattern.exec(rest)) {
    const flag = (match[1] ?? '').replace(/\\([\s\S])|["']/g, '$1');
    rest = rest.slice(match[0].length);
    if (flag === '--') break;
    flags.push(flag);
  }
  return { flags, rest };
}

/**
 * The values of flags by name.
 *
 * @param known those that the instruction has.
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function parseFlags(flags: readonly string[], known: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const flag of flags) {
    const [, name = '', equals, value = ''] = /^--([^=]*)(=?)([\s\S]*)$/.exec(flag) ?? [];
    if (!known.includes(name)) throw invalid(`Unknown flag: ${name}`);
    if (values.has(name)) throw invalid(`Duplicate flag specified: ${name}`);
    if (equals === '') throw invalid(`Missing a value on flag: ${name}`);
    values.set(name, value);
  }
  return values;
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
