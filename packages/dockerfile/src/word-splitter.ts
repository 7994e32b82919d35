import type { EscapeCharacter } from './source-lines.ts';

const patterns: Readonly<Record<EscapeCharacter, RegExp>> = {
  '\\': wordPattern('\\\\'),
  '`': wordPattern('`'),
};

/**
 * Split a text at white space that is neither quoted nor escaped. Quotes and escapes stay: they are looked at when
 * variables are replaced. One that is not closed reaches to the end.
 */
export function splitWords(text: string, escapeCharacter: EscapeCharacter): string[] {
  return [...text.matchAll(patterns[escapeCharacter])]
    .map(([word]) => withoutLooseEscape(word, escapeCharacter))
    .filter((word) => word !== '');
}

function wordPattern(escapeCharacter: string): RegExp {
  const double = `"(?:${escapeCharacter}[\\s\\S]|[^"${escapeCharacter}])*(?:"|${escapeCharacter}?$)`;
  return new RegExp(
    `(?:${escapeCharacter}[\\s\\S]|'[^']*(?:'|$)|${double}|[^\\s'"${escapeCharacter}]|${escapeCharacter}$)+`,
    'g',
  );
}

/** An escape with nothing behind it is dropped, but for one that single quotes make a character like any other. */
function withoutLooseEscape(word: string, escapeCharacter: EscapeCharacter): string {
  if (!word.endsWith(escapeCharacter)) return word;
  const trailing = word.length - word.replace(escapeCharacter === '`' ? /`+$/ : /\\+$/, '').length;
  const inSingleQuotes = /^(?:[^']*'[^']*')*[^']*'[^']*$/.test(word);
  return trailing % 2 === 1 && !inSingleQuotes ? word.slice(0, -1) : word;
}
