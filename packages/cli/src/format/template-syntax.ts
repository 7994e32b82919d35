import { FairleadError } from '@fairlead/base';

/** A part of a template. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly value: Pipeline }
  | { readonly kind: 'assign'; readonly name: string; readonly value: Pipeline }
  | {
      readonly kind: 'if' | 'with';
      readonly value: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | {
      readonly kind: 'range';
      /** Names of the variables for key and element; none, one (the element) or both. */
      readonly names: readonly string[];
      readonly value: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

/** Calls whose results are handed on to the next as its last argument. */
export type Pipeline = readonly Call[];

/** A function with its arguments, or a value alone. */
export type Call = readonly Operand[];

/** A word of a template's expression. */
export type Operand =
  | { readonly kind: 'constant'; readonly value: string | number | boolean | null }
  | { readonly kind: 'name'; readonly name: string }
  /** Fields of the dot, of `$`, of a variable or of an expression in parentheses. */
  | { readonly kind: 'path'; readonly base: string | Pipeline; readonly fields: readonly string[] };

/** The part of a Go template that the docker command's users write: fields, pipes, if, with, range, variables. */
export function parseTemplate(text: string): readonly Node[] {
  const pieces = text.split(/(\{\{-? ?[\s\S]*?-?\}\})/);
  // Text and actions take turns.
  if (pieces.some((piece, index) => index % 2 === 0 && piece.includes('{{'))) throw malformed('unclosed action');
  const { nodes, closing } = new NodeReader(trimPieces(pieces)).block();
  if (closing !== undefined) throw malformed(`unexpected {{${closing}}}`);
  return nodes;
}

/** `{{-` and `-}}` take the white space beside them away. */
function trimPieces(pieces: readonly string[]): string[] {
  return pieces.map((piece, index) => {
    if (index % 2 === 1) return piece;
    const tail = pieces[index + 1]?.startsWith('{{- ') === true ? piece.trimEnd() : piece;
    return pieces[index - 1]?.endsWith(' -}}') === true ? tail.trimStart() : tail;
  });
}

/** Nodes up to the action that closes them: `end`, `else …`, or none at the end of the text. */
interface Block {
  readonly nodes: readonly Node[];
  readonly closing: string | undefined;
}

class NodeReader {
  readonly #pieces: readonly string[];
  #at = 0;

  constructor(pieces: readonly string[]) {
    this.#pieces = pieces;
  }

  block(): Block {
    const nodes: Node[] = [];
    while (this.#at < this.#pieces.length) {
      const piece = this.#pieces[this.#at] ?? '';
      this.#at += 1;
      // Text and actions take turns, text first.
      if (this.#at % 2 === 1) {
        if (piece !== '') nodes.push({ kind: 'text', text: piece });
        continue;
      }
      const action = piece
        .replace(/^\{\{(- )?/, '')
        .replace(/( -)?\}\}$/, '')
        .trim();
      if (/^(end|else\b.*)$/.test(action)) return { nodes, closing: action };
      if (!action.startsWith('/*')) nodes.push(this.#action(action));
    }
    return { nodes, closing: undefined };
  }

  #action(action: string): Node {
    const [, keyword, rest = ''] = /^(if|with|range)\b(.*)$/s.exec(action) ?? [];
    if (keyword === 'range') return this.#range(rest);
    if (keyword === 'if' || keyword === 'with')
      return { kind: keyword, value: parsePipeline(rest), ...this.#branches() };
    const [, name, value] = /^\$(\w+)\s*:?=(.*)$/s.exec(action) ?? [];
    if (name !== undefined) return { kind: 'assign', name, value: parsePipeline(value ?? '') };
    return { kind: 'output', value: parsePipeline(action) };
  }

  #range(rest: string): Node {
    const [, names = '', value = rest] = /^\s*(\$\w+(?:\s*,\s*\$\w+)?)\s*:=(.*)$/s.exec(rest) ?? [];
    const variables = names
      .split(',')
      .map((name) => name.trim().slice(1))
      .filter((name) => name !== '');
    return { kind: 'range', names: variables, value: parsePipeline(value), ...this.#branches() };
  }

  #branches(): { body: readonly Node[]; otherwise: readonly Node[] } {
    const { nodes: body, closing } = this.block();
    if (closing === 'end') return { body, otherwise: [] };
    const nested = /^else\s+(if\b.*)$/s.exec(closing ?? '')?.[1];
    if (nested !== undefined) return { body, otherwise: [this.#action(nested)] };
    const second = closing === 'else' ? this.block() : undefined;
    if (second?.closing !== 'end') throw malformed('unexpected EOF');
    return { body, otherwise: second.nodes };
  }
}

const tokenPattern = /\s*(?:("(?:\\.|[^"\\])*"|`[^`]*`)|(-?\d+(?:\.\d+)?)|(\$?\w*(?:\.\w+)+|\$\w*|\w+)|([().|]))/y;

function parsePipeline(text: string): Pipeline {
  const tokens = tokenize(text);
  const pipeline = readPipeline(tokens);
  if (tokens.length > 0) throw malformed(`unexpected "${tokens[0]}" in operand`);
  return pipeline;
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  const source = text.trimEnd();
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < source.length) {
    const at = tokenPattern.lastIndex;
    const match = tokenPattern.exec(source);
    if (match === null) throw malformed(`unexpected "${source.slice(at).trim()[0]}" in operand`);
    tokens.push(match[0].trim());
  }
  return tokens;
}

function readPipeline(tokens: string[]): Pipeline {
  const calls: Operand[][] = [[]];
  while (tokens.length > 0 && tokens[0] !== ')') {
    const token = tokens.shift() ?? '';
    if (token === '|') calls.push([]);
    else calls.at(-1)?.push(token === '(' ? readParentheses(tokens) : operandOf(token));
  }
  if (calls.some((call) => call.length === 0)) throw malformed('missing value for command');
  return calls;
}

function readParentheses(tokens: string[]): Operand {
  const base = readPipeline(tokens);
  if (tokens.shift() !== ')') throw malformed('unclosed left paren');
  const fields = tokens[0]?.startsWith('.') === true ? (tokens.shift() ?? '') : '';
  return { kind: 'path', base, fields: fields.split('.').filter((field) => field !== '') };
}

function operandOf(token: string): Operand {
  if (token.startsWith('"')) return { kind: 'constant', value: unquote(token) };
  if (token.startsWith('`')) return { kind: 'constant', value: token.slice(1, -1) };
  if (/^-?\d/.test(token)) return { kind: 'constant', value: Number(token) };
  if (token === 'true' || token === 'false') return { kind: 'constant', value: token === 'true' };
  if (token === 'nil') return { kind: 'constant', value: null };
  const [base = '', ...fields] = token.split('.');
  if (token === '.') return { kind: 'path', base: '', fields: [] };
  if (base === '' || base.startsWith('$')) return { kind: 'path', base, fields };
  return { kind: 'name', name: token };
}

function unquote(token: string): string {
  try {
    return String(JSON.parse(token));
  } catch {
    throw malformed(`invalid string ${token}`);
  }
}

function malformed(problem: string): FairleadError {
  return new FairleadError('invalid-argument', `template parsing error: template: :1: ${problem}`);
}
