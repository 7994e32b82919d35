import { FairleadError } from '@fairlead/base';
import { goQuote } from './go-text.ts';
import { splitFlags } from './instruction-flags.ts';
import type { EscapeCharacter, SourceLine } from './source-lines.ts';
import { splitWords } from './word-splitter.ts';

/** An instruction's line taken apart by its form, before anything is known of its meaning. */
export interface Statement {
  /** In lower case. */
  readonly name: string;
  readonly flags: readonly string[];
  readonly words: readonly string[];
  /** The words were a JSON list. */
  readonly isJson: boolean;
  readonly code: string;
  readonly line: number;
  /** What an `ONBUILD` has behind it. */
  readonly inner?: Statement;
}

type Words = Pick<Statement, 'words' | 'isJson' | 'inner'>;

/**
 * Take one instruction apart.
 *
 * @throws FairleadError `invalid-argument` in Docker's words, which name no line.
 */
export function parseStatement({ text, line }: SourceLine, escapeCharacter: EscapeCharacter): Statement {
  const code = text.trim();
  const [, word = '', argumentsText = ''] = /^(\S+)\s*([\s\S]*)$/.exec(code) ?? [];
  const name = word.toLowerCase();
  const { flags, rest } = splitFlags(argumentsText);
  return { name, flags, code, line, ...wordsOf(name, rest, { escapeCharacter, line }) };
}

function wordsOf(name: string, rest: string, where: { escapeCharacter: EscapeCharacter; line: number }): Words {
  switch (name) {
    case 'run':
    case 'cmd':
    case 'entrypoint':
    case 'shell':
      return jsonOr(rest, (text) => (text === '' ? [] : [text]));
    case 'add':
    case 'copy':
    case 'volume':
      return jsonOr(rest, blankSeparated);
    case 'from':
    case 'expose':
      return plain(blankSeparated(rest));
    case 'arg':
      return plain(splitWords(rest, where.escapeCharacter));
    case 'env':
    case 'label':
      return plain(pairWords(name.toUpperCase(), rest, where.escapeCharacter));
    case 'healthcheck':
      return healthWords(rest);
    case 'onbuild':
      return rest === ''
        ? plain([])
        : onbuildWords(parseStatement({ text: rest, line: where.line }, where.escapeCharacter));
    default:
      return plain(rest === '' ? [] : [rest]);
  }
}

function plain(words: readonly string[]): Words {
  return { words, isJson: false };
}

/** What is no list of texts is taken as it stands, but for a list of something else. */
function jsonOr(text: string, otherwise: (text: string) => string[]): Words {
  const words = jsonTexts(text);
  return words === undefined ? plain(otherwise(text)) : { words, isJson: true };
}

function jsonTexts(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  if (value.every((item) => typeof item === 'string')) return value;
  throw invalid('when using JSON array syntax, arrays must be comprised of strings only');
}

function blankSeparated(text: string): string[] {
  return text === '' ? [] : text.split(/[\t\v\f\r ]+/).filter((word) => word !== '');
}

/** `a=b c=d` as name and value by turns; in the old form `NAME value with blanks` there is one pair. */
function pairWords(instruction: string, text: string, escapeCharacter: EscapeCharacter): string[] {
  const words = splitWords(text, escapeCharacter);
  const [first] = words;
  if (first === undefined) return [];
  if (!first.includes('=')) {
    const [, name = '', value] = /^([^\t\v\f\r ]*)[\t\v\f\r ]+([\s\S]*)$/.exec(text) ?? [];
    if (value === undefined) throw invalid(`${instruction} must have two arguments`);
    return [name, value];
  }
  return words.flatMap((word) => {
    const equals = word.indexOf('=');
    if (equals < 0) {
      throw invalid(`Syntax error - can't find = in ${goQuote(word)}. Must be of the form: name=value`);
    }
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

function healthWords(text: string): Words {
  const [, type, rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(text) ?? [];
  if (type === undefined) return plain([]);
  const { words, isJson } = jsonOr(rest, (line) => (line === '' ? [] : [line]));
  return { words: [type, ...words], isJson };
}

function onbuildWords(inner: Statement): Words {
  return { words: [inner.name, ...inner.words], isJson: inner.isJson, inner };
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
