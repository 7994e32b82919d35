import { FairleadError } from '@fairlead/base';
import { goQuote } from './go-text.ts';
import type { EscapeCharacter } from './source-lines.ts';

/** Values of variables by name. */
export type Variables = ReadonlyMap<string, string>;

/** Variables of `NAME=value` texts; of several with one name the first counts. */
export function variablesOf(environment: readonly string[]): Variables {
  const variables = new Map<string, string>();
  for (const text of environment) {
    const [name = ''] = text.split('=', 1);
    if (!variables.has(name)) variables.set(name, text.slice(name.length + 1));
  }
  return variables;
}

/**
 * Replace the variables of a word and take its quotes and escapes away, as the Dockerfile reference says under
 * "Environment replacement": `$x`, `${x}`, `${x:-y}`, `${x:+y}`, `${x:?y}` and the forms without the colon.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function expandWord(word: string, variables: Variables, escapeCharacter: EscapeCharacter): string {
  return new Expansion(word, variables, escapeCharacter).run().text;
}

/** The same, then split at blanks; those of a variable's value count unless it is quoted. For `EXPOSE` only. */
export function expandWords(word: string, variables: Variables, escapeCharacter: EscapeCharacter): string[] {
  return new Expansion(word, variables, escapeCharacter).run().words;
}

/** What came of a text: as it is, and in words. */
class Expanded {
  text = '';
  readonly words: string[] = [];
  #word = '';
  #isOpen = false;

  /** Characters as they are: blanks are part of the word. */
  addRaw(piece: string): void {
    this.text += piece;
    this.#word += piece;
    this.#isOpen = true;
  }

  /** Characters of which blanks end a word. */
  addSplit(piece: string): void {
    this.text += piece;
    for (const character of piece) {
      if (/\s/.test(character)) this.close();
      else {
        this.#word += character;
        this.#isOpen = true;
      }
    }
  }

  close(): void {
    if (this.#isOpen && this.#word !== '') this.words.push(this.#word);
    this.#word = '';
    this.#isOpen = false;
  }
}

class Expansion {
  readonly #source: string;
  readonly #characters: readonly string[];
  readonly #variables: Variables;
  readonly #escapeCharacter: EscapeCharacter;
  #position = 0;

  constructor(source: string, variables: Variables, escapeCharacter: EscapeCharacter) {
    this.#source = source;
    this.#characters = [...source];
    this.#variables = variables;
    this.#escapeCharacter = escapeCharacter;
  }

  run(): Expanded {
    try {
      return this.#until(undefined);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const message = `failed to process ${goQuote(this.#source)}: ${error.message}`;
      throw new FairleadError('invalid-argument', message, { cause: error });
    }
  }

  get #peek(): string | undefined {
    return this.#characters[this.#position];
  }

  #next(): string | undefined {
    return this.#characters[this.#position++];
  }

  /** @param stop character that ends it; `undefined` for the end of the text. */
  #until(stop: string | undefined): Expanded {
    const result = new Expanded();
    for (let character = this.#next(); character !== stop; character = this.#next()) {
      if (character === undefined) {
        throw new SyntaxError(`unexpected end of statement while looking for matching ${stop}`);
      }
      if (character === "'") result.addRaw(this.#singleQuoted());
      else if (character === '"') result.addRaw(this.#doubleQuoted());
      else if (character === '$') result.addSplit(this.#variable());
      else if (character === this.#escapeCharacter) result.addRaw(this.#next() ?? '');
      else result.addSplit(character);
    }
    result.close();
    return result;
  }

  #singleQuoted(): string {
    let text = '';
    for (let character = this.#next(); character !== "'"; character = this.#next()) {
      if (character === undefined) {
        throw new SyntaxError('unexpected end of statement while looking for matching single-quote');
      }
      text += character;
    }
    return text;
  }

  /** Only `"`, `$` and the escape itself can be escaped; before all else it is a character like any other. */
  #doubleQuoted(): string {
    let text = '';
    for (let character = this.#next(); character !== '"'; character = this.#next()) {
      if (character === undefined) {
        throw new SyntaxError('unexpected end of statement while looking for matching double-quote');
      }
      if (character === '$') text += this.#variable();
      else if (character !== this.#escapeCharacter) text += character;
      else if (this.#peek === '"' || this.#peek === '$' || this.#peek === this.#escapeCharacter) text += this.#next();
      else if (this.#peek !== undefined) text += character;
    }
    return text;
  }

  /** After the dollar. */
  #variable(): string {
    if (this.#peek !== '{') {
      const name = this.#name();
      return name === '' ? '$' : (this.#variables.get(name) ?? '');
    }
    this.#next();
    if (this.#peek === undefined) throw new SyntaxError("syntax error: missing '}'");
    if ('{}:'.includes(this.#peek)) throw new SyntaxError('syntax error: bad substitution');
    return this.#braced(this.#name());
  }

  #braced(name: string): string {
    const character = this.#next();
    if (character === '}') return this.#variables.get(name) ?? '';
    const colon = character === ':';
    const modifier = colon ? this.#next() : character;
    if (modifier === undefined || !'+-?'.includes(modifier)) {
      const fault = colon ? `unsupported modifier (${modifier ?? ''}) in substitution` : "missing ':' in substitution";
      throw new SyntaxError(fault);
    }
    const word = this.#alternative();
    const value = this.#variables.get(name);
    const isMissing = value === undefined || (colon && value === '');
    if (modifier === '+') return isMissing ? '' : word;
    if (!isMissing) return value;
    if (modifier === '-') return word;
    const reason = word || (value === undefined ? 'is not allowed to be unset' : 'is not allowed to be empty');
    throw new SyntaxError(`${name}: ${reason}`);
  }

  #alternative(): string {
    try {
      return this.#until('}').text;
    } catch (error) {
      if (this.#peek === undefined) throw new SyntaxError("syntax error: missing '}'", { cause: error });
      throw error;
    }
  }

  /** Letters, digits and `_`; or digits only; or one of the shell's special parameters. */
  #name(): string {
    const rest = this.#characters.slice(this.#position).join('');
    const [name = ''] = /^(?:\p{Nd}+|[@*#?\-$!]|[\p{L}_][\p{L}\p{Nd}_]*)/u.exec(rest) ?? [];
    this.#position += [...name].length;
    return name;
  }
}
