import { FairleadError } from '@fairlead/base';

/** The character that continues lines and takes the meaning from the next one. */
export type EscapeCharacter = '\\' | '`';

/** One instruction's text, its continuation lines joined. Line numbers begin with 1. */
export interface SourceLine {
  readonly text: string;
  readonly line: number;
}

/** A Dockerfile before its instructions are understood. */
export interface SourceText {
  readonly lines: readonly SourceLine[];
  readonly escapeCharacter: EscapeCharacter;
  /** Shown to the user before the build begins. */
  readonly warnings: readonly string[];
}

/** What Go's line scanner takes at most, in bytes. */
const longestLine = 65_535;

/**
 * Split a Dockerfile into instructions: comments go, continued lines are joined, parser directives are obeyed (Dockerfile
 * reference, "Format" and "Parser directives").
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function readSource(text: string): SourceText {
  const reader = new SourceReader(splitLines(text));
  return reader.read();
}

class SourceReader {
  readonly #rows: readonly string[];
  readonly #directives = new Directives();
  readonly #lines: SourceLine[] = [];
  readonly #warnings: string[] = [];
  #next = 0;

  constructor(rows: readonly string[]) {
    this.#rows = rows;
  }

  read(): SourceText {
    while (this.#next < this.#rows.length) this.#instruction();
    if (this.#lines.length === 0) throw invalid('file with no instructions');
    if (this.#warnings.length > 0) {
      this.#warnings.push('[WARNING]: Empty continuation lines will become errors in a future release.');
    }
    return { lines: this.#lines, escapeCharacter: this.#directives.escapeCharacter, warnings: this.#warnings };
  }

  #instruction(): void {
    const row = (this.#rows[this.#next++] ?? '').trimStart();
    const line = this.#next;
    this.#directives.look(row);
    const first = this.#cut(isComment(row) ? '' : row);
    if (!first.continued && first.text === '') return;
    const { text, hasGap } = first.continued ? this.#continuation(first.text) : { text: first.text, hasGap: false };
    if (hasGap) this.#warnings.push(`[WARNING]: Empty continuation line found in:\n    ${text}`);
    this.#lines.push({ text, line });
  }

  /** Comments and empty lines in the middle of an instruction are passed over. */
  #continuation(start: string): { text: string; hasGap: boolean } {
    let text = start;
    let hasGap = false;
    while (this.#next < this.#rows.length) {
      const row = this.#rows[this.#next++] ?? '';
      if (isComment(row.trimStart())) continue;
      if (row.trim() === '') {
        hasGap = true;
        continue;
      }
      const piece = this.#cut(row);
      text += piece.text;
      if (!piece.continued) break;
    }
    return { text, hasGap };
  }

  #cut(row: string): { text: string; continued: boolean } {
    const text = row.replace(this.#directives.escapeCharacter === '`' ? /`[ \t]*$/ : /\\[ \t]*$/, '');
    return { text, continued: text !== row };
  }
}

/** Directives stand at the very beginning; the first line that is none ends them. */
class Directives {
  escapeCharacter: EscapeCharacter = '\\';
  #done = false;
  readonly #seen = new Set<string>();

  look(row: string): void {
    if (this.#done) return;
    const [, word = '', value = ''] = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/.exec(row) ?? [];
    const name = word.toLowerCase();
    if (name !== 'escape' && name !== 'syntax') {
      this.#done = true;
      return;
    }
    if (this.#seen.has(name)) throw invalid(`only one ${name} parser directive can be used`);
    this.#seen.add(name);
    // Which program reads the syntax is BuildKit's affair; the classic builder reads on.
    if (name === 'syntax') return;
    if (value !== '`' && value !== '\\') throw invalid(`invalid escape token '${value}' does not match \` or \\`);
    this.escapeCharacter = value;
  }
}

function splitLines(text: string): string[] {
  const rows = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (rows.at(-1) === '') rows.pop();
  if (rows.some((row) => row.length > longestLine)) {
    throw invalid(`dockerfile line greater than max allowed size of ${longestLine}`);
  }
  return rows;
}

function isComment(row: string): boolean {
  return row.startsWith('#');
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
