/**
 * Texts as Go's `fmt` writes them. They stand in the history of images, and the cache and other people's tools compare
 * histories.
 */

const named: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

/** A text in double quotes (`%q`). */
export function goQuote(text: string): string {
  return `"${[...text].map((character) => (character === '"' ? '\\"' : escaped(character))).join('')}"`;
}

/** A list of texts (`%q`): `["a" "b"]`. */
export function goQuoteList(texts: readonly string[]): string {
  return `[${texts.map(goQuote).join(' ')}]`;
}

/** A number as the character that has it (`%q` of an integer): `'\x03'`. */
export function goQuoteNumber(value: number): string {
  const character = value >= 0 && value <= 0x10ffff ? String.fromCodePoint(value) : '\ufffd';
  return `'${character === "'" ? "\\'" : escaped(character)}'`;
}

function escaped(character: string): string {
  const name = named[character];
  if (name !== undefined) return name;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
  return /[\p{C}\p{Zl}\p{Zp}]/u.test(character) ? `\\u${code.toString(16).padStart(4, '0')}` : character;
}
