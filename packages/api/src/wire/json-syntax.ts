/**
 * What Go's decoder says about text that is no JSON: users and scripts know these words.
 *
 * Called only after `JSON.parse` has refused the text, so its speed does not matter.
 */
export function jsonSyntaxFault(text: string): string {
  const scanner = new Scanner(text);
  try {
    scanner.value('looking for beginning of value');
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
  return 'unexpected content after JSON';
}

class Fault extends Error {}

/** Walks over the text as Go's `encoding/json` scanner does and stops where it would. */
class Scanner {
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(expectation: string): void {
    const character = this.#peek();
    if (character === '{') return this.#members();
    if (character === '[') return this.#elements();
    if (character === '"') return this.#string();
    const word = ['true', 'false', 'null'].find((literal) => literal[0] === character);
    if (word !== undefined) return this.#literal(word);
    const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
    number.lastIndex = this.#offset;
    const match = number.exec(this.#text);
    if (match === null) this.#fail(expectation);
    this.#offset += match[0].length;
  }

  #literal(word: string): void {
    for (const character of word) {
      if (this.#text[this.#offset] !== character) this.#fail(`in literal ${word} (expecting '${character}')`, false);
      this.#offset++;
    }
  }

  #members(): void {
    this.#offset++;
    if (this.#peek() === '}') return void this.#offset++;
    for (;;) {
      if (this.#peek() !== '"') this.#fail('looking for beginning of object key string');
      this.#string();
      if (this.#peek() !== ':') this.#fail('after object key');
      this.#offset++;
      this.value('looking for beginning of value');
      if (this.#peek() === '}') return void this.#offset++;
      if (this.#peek() !== ',') this.#fail('after object key:value pair');
      this.#offset++;
    }
  }

  #elements(): void {
    this.#offset++;
    if (this.#peek() === ']') return void this.#offset++;
    for (;;) {
      this.value('looking for beginning of value');
      if (this.#peek() === ']') return void this.#offset++;
      if (this.#peek() !== ',') this.#fail('after array element');
      this.#offset++;
    }
  }

  #string(): void {
    const whole = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
    whole.lastIndex = this.#offset;
    const match = whole.exec(this.#text);
    if (match !== null) {
      this.#offset += match[0].length;
      return;
    }
    const start = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
    start.lastIndex = this.#offset;
    this.#offset += start.exec(this.#text)?.[0].length ?? 0;
    this.#fail('in string literal', false);
  }

  #peek(): string | undefined {
    while (/[ \t\r\n]/.test(this.#text[this.#offset] ?? '')) this.#offset++;
    return this.#text[this.#offset];
  }

  #fail(context: string, skipSpace = true): never {
    const character = skipSpace ? this.#peek() : this.#text[this.#offset];
    if (character === undefined) throw new Fault('unexpected EOF');
    const shown = character === "'" ? "'\\''" : `'${JSON.stringify(character).slice(1, -1).replace('\\"', '"')}'`;
    throw new Fault(`invalid character ${shown} ${context}`);
  }
}
