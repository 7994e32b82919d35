import type { CommandDefinition, OptionDefinition } from './command.ts';
import { Options } from './options.ts';

/** A command line that ends before its command runs: help, or a mistake in its words. */
export class Stop extends Error {
  readonly text: string;
  readonly code: number;

  constructor(text: string, code: number) {
    super(text);
    this.text = text;
    this.code = code;
  }
}

/** Docker's exit code for options that it does not know. */
const optionCode = 125;
/** Docker's exit code for too few or too many arguments. */
const argumentCode = 1;

/**
 * Split what follows a command's name into arguments and options, as the docker command does: `-it`, `-p80:80`,
 * `--name=web`, `--name web`, `--rm=false`, `--`.
 *
 * @throws Stop for `--help`, and with docker's words for what is wrong.
 */
export function parseWords(
  definition: CommandDefinition,
  words: readonly string[],
): { readonly words: readonly string[]; readonly options: Options } {
  const reader = new WordReader(definition, words);
  const operands = reader.read();
  checkCount(definition, operands.length);
  return { words: operands, options: new Options(reader.values) };
}

class WordReader {
  readonly values = new Map<string, unknown>();
  readonly #definition: CommandDefinition;
  readonly #words: string[];

  constructor(definition: CommandDefinition, words: readonly string[]) {
    this.#definition = definition;
    this.#words = [...words];
  }

  /** Fills `values`; gives the words that are no options. */
  read(): string[] {
    const operands: string[] = [];
    for (let word = this.#words.shift(); word !== undefined; word = this.#words.shift()) {
      if (word === '--') return [...operands, ...this.#words];
      if (word.startsWith('--')) this.#long(word);
      else if (word.startsWith('-') && word !== '-') this.#short(word);
      else if (this.#definition.passThrough === true) return [...operands, word, ...this.#rest(operands)];
      else operands.push(word);
    }
    return operands;
  }

  /** After its first argument the words of another program follow, perhaps behind a `--` of ours. */
  #rest(operands: readonly string[]): string[] {
    const [first, ...others] = this.#words;
    return operands.length === 0 && first === '--' ? others : this.#words;
  }

  #long(word: string): void {
    const at = word.indexOf('=');
    const name = at === -1 ? word : word.slice(0, at);
    if (name === '--help') throw new Stop(commandHelp(this.#definition), 0);
    const option = this.#find(name);
    if (option === undefined) throw wrongOption(this.#definition, `unknown flag: ${name}`);
    this.#set(option, name, at === -1 ? undefined : word.slice(at + 1));
  }

  /** `-it` is two flags, `-p80:80` and `-p=80:80` an option with its value. */
  #short(word: string): void {
    for (let at = 1; at < word.length; at += 1) {
      const option = this.#find(`-${word[at]}`);
      if (option === undefined) throw wrongOption(this.#definition, `unknown shorthand flag: '${word[at]}' in ${word}`);
      const attached = word.slice(at + 1).replace(/^=/, '');
      if (takesValue(option) || word[at + 1] === '=') {
        return this.#set(option, `'${word[at]}' in ${word}`, attached === '' ? undefined : attached);
      }
      this.#set(option, word, undefined);
    }
  }

  #find(name: string): OptionDefinition | undefined {
    return (this.#definition.options ?? []).find((option) => namesOfOption(option).includes(name));
  }

  #set(option: OptionDefinition, name: string, attached: string | undefined): void {
    const key = (namesOfOption(option).at(-1) ?? '').replace(/^-+/, '');
    if (!takesValue(option)) return void this.values.set(key, this.#truth(name, attached ?? 'true'));
    const value = attached ?? this.#words.shift();
    if (value === undefined) throw wrongOption(this.#definition, `flag needs an argument: ${name}`);
    const previous = this.values.get(key);
    const list = Array.isArray(previous) ? [...previous, value] : [value];
    this.values.set(key, option.repeatable === true ? list : value);
  }

  #truth(name: string, text: string): boolean {
    if (/^(1|t|true)$/i.test(text)) return true;
    if (/^(0|f|false)$/i.test(text)) return false;
    throw wrongOption(this.#definition, `invalid argument "${text}" for "${name}" flag: not a truth value`);
  }
}

/** `-p, --publish <spec>` → `['-p', '--publish']`; the last one is the name that its value is kept under. */
export function namesOfOption({ flags }: OptionDefinition): string[] {
  return flags.split(/[ ,]+/).filter((word) => word.startsWith('-'));
}

/** True unless it is a flag. */
export function takesValue({ flags }: OptionDefinition): boolean {
  return flags.includes('<');
}

function wrongOption({ words }: CommandDefinition, problem: string): Stop {
  const command = `fairlead ${words.join(' ')}`;
  return new Stop(`${problem}\nSee '${command} --help'.\n`, optionCode);
}

function checkCount(definition: CommandDefinition, count: number): void {
  const operands = definition.arguments?.split(/ (?=[<[])/) ?? [];
  const least = operands.filter((operand) => operand.startsWith('<')).length;
  const most = operands.some((operand) => operand.includes('...')) ? Number.POSITIVE_INFINITY : operands.length;
  if (count >= least && count <= most) return;
  const wanted = least === most ? `${least || 'no'}` : count < least ? `at least ${least}` : `at most ${most}`;
  const command = `fairlead ${definition.words.join(' ')}`;
  const plural = /\b1$/.test(wanted) ? 'argument' : 'arguments';
  throw new Stop(`"${command}" requires ${wanted} ${plural}.\nSee '${command} --help'.\n`, argumentCode);
}

/** What `--help` shows. */
export function commandHelp(definition: CommandDefinition): string {
  const { words, aliases = [], summary, options = [] } = definition;
  const flags = options.length === 0 ? '' : ' [OPTIONS]';
  const operands = definition.arguments === undefined ? '' : ` ${definition.arguments}`;
  const other = aliases.map((name) => `fairlead ${name.join(' ')}`).join(', ');
  const width = Math.max(0, ...options.map((option) => option.flags.length)) + 3;
  const lines = options.map((option) => `  ${option.flags.padEnd(width)}${option.description}\n`);
  return [
    `Usage: fairlead ${words.join(' ')}${flags}${operands}\n\n${summary}\n`,
    other === '' ? '' : `\nAlso: ${other}\n`,
    lines.length === 0 ? '' : `\nOptions:\n${lines.join('')}`,
  ].join('');
}
