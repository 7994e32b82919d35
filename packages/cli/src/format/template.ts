import { FairleadError } from '@fairlead/base';
import { type Call, type Node, type Operand, type Pipeline, parseTemplate } from './template-syntax.ts';

type Functions = ReadonlyMap<string, (...values: readonly unknown[]) => unknown>;

/** What names stand for. */
interface Scope {
  /** By name; `` is the dot, `$` what the template was given. */
  readonly variables: ReadonlyMap<string, unknown>;
  readonly functions: Functions;
}

/**
 * Make a function that renders values with a Go template, as `--format` of the docker command does. A member of a value
 * that is a function is a method: `{{.Label "tier"}}`.
 *
 * @throws FairleadError `invalid-argument` for a malformed template, and when it is used on a value without the field.
 * @example
 * compileTemplate('{{.Name}} {{json .Ports}}')({ Name: 'web', Ports: [80] }); // 'web [80]'
 */
export function compileTemplate(text: string): (value: unknown) => string {
  return compile(text, functions);
}

/** The same for the headings of a table: what would change a value leaves its heading alone, as docker has it. */
export function compileHeadings(text: string): (headings: unknown) => string {
  return compile(text, new Map([...functions, ...changing.map((name) => [name, (value: unknown) => value] as const)]));
}

const changing = ['json', 'split', 'join', 'title', 'lower', 'upper', 'truncate'];

function compile(text: string, known: Functions): (value: unknown) => string {
  const nodes = parseTemplate(text.replaceAll('\\t', '\t').replaceAll('\\n', '\n'));
  return (value) => {
    const variables = new Map([
      ['', value],
      ['$', value],
    ]);
    return render(nodes, { variables, functions: known });
  };
}

function withNames({ variables, functions: known }: Scope, names: readonly (readonly [string, unknown])[]): Scope {
  return { variables: new Map([...variables, ...names]), functions: known };
}

function render(nodes: readonly Node[], outer: Scope): string {
  let scope = outer;
  let output = '';
  for (const node of nodes) {
    if (node.kind === 'assign') scope = withNames(scope, [[`$${node.name}`, evaluate(node.value, scope)]]);
    else output += renderNode(node, scope);
  }
  return output;
}

function renderNode(node: Exclude<Node, { kind: 'assign' }>, scope: Scope): string {
  switch (node.kind) {
    case 'text':
      return node.text;
    case 'output':
      return display(evaluate(node.value, scope));
    case 'if':
      return render(isTrue(evaluate(node.value, scope)) ? node.body : node.otherwise, scope);
    case 'with': {
      const value = evaluate(node.value, scope);
      return isTrue(value) ? render(node.body, withNames(scope, [['', value]])) : render(node.otherwise, scope);
    }
    case 'range': {
      const entries = entriesOf(evaluate(node.value, scope));
      if (entries.length === 0) return render(node.otherwise, scope);
      const [first, second] = node.names;
      return entries
        .map(([key, value]) => {
          const names: [string, unknown][] =
            second === undefined
              ? [[`$${first}`, value]]
              : [
                  [`$${first}`, key],
                  [`$${second}`, value],
                ];
          return render(node.body, withNames(scope, [['', value], ...names]));
        })
        .join('');
    }
    default:
      return node satisfies never;
  }
}

/** Go walks maps in the order of their keys. */
function entriesOf(value: unknown): [string | number, unknown][] {
  if (Array.isArray(value)) return value.map((element, index) => [index, element]);
  return isRecord(value) ? Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)) : [];
}

function evaluate(pipeline: Pipeline, scope: Scope): unknown {
  return pipeline.reduce<unknown>(
    (previous, call, index) => evaluateCall(call, scope, index === 0 ? [] : [previous]),
    undefined,
  );
}

function evaluateCall([head, ...rest]: Call, scope: Scope, piped: readonly unknown[]): unknown {
  if (head === undefined) return undefined;
  const operation = head.kind === 'name' ? scope.functions.get(head.name) : operandValue(head, scope);
  if (head.kind === 'name' && operation === undefined) throw wrong(`function "${head.name}" not defined`);
  if (typeof operation !== 'function') return operation;
  return operation(...rest.map((operand) => operandValue(operand, scope)), ...piped);
}

function operandValue(operand: Operand, scope: Scope): unknown {
  if (operand.kind === 'constant') return operand.value;
  if (operand.kind === 'name') return evaluateCall([operand], scope, []);
  const base = typeof operand.base === 'string' ? scope.variables.get(operand.base) : evaluate(operand.base, scope);
  return operand.fields.reduce(field, base);
}

function field(value: unknown, name: string): unknown {
  if (!isRecord(value)) {
    if (value === null || value === undefined) return undefined;
    throw wrong(`can't evaluate field ${name} in type ${typeof value}`);
  }
  if (Object.hasOwn(value, name)) return value[name];
  // Docker's users write the names of Go's fields, which are those of JSON but for their case: `.Server.APIVersion`.
  const alike = Object.keys(value).filter((key) => key.toLowerCase() === name.toLowerCase());
  const [key] = alike;
  if (key === undefined || alike.length > 1) throw wrong(`map has no entry for key "${name}"`);
  return value[key];
}

const functions: Functions = new Map<string, (...values: readonly unknown[]) => unknown>([
  ['json', (value) => JSON.stringify(value ?? null)],
  ['len', (value) => (typeof value === 'string' ? value.length : entriesOf(value).length)],
  ['index', (value, ...keys) => keys.reduce((inner, key) => (isRecord(inner) ? inner[String(key)] : undefined), value)],
  ['upper', (value) => String(value).toUpperCase()],
  ['lower', (value) => String(value).toLowerCase()],
  ['title', (value) => String(value).replace(/\b\w/g, (letter) => letter.toUpperCase())],
  ['join', (list, separator) => (Array.isArray(list) ? list.join(String(separator)) : '')],
  ['split', (value, separator) => String(value).split(String(separator))],
  ['truncate', (value, length) => String(value).slice(0, Number(length))],
  ['pad', (value, before, after) => padded(String(value), Number(before), Number(after))],
  ['print', (...values) => values.map(display).join('')],
  ['println', (...values) => `${values.map(display).join(' ')}\n`],
  ['printf', (format, ...values) => formatText(String(format), values)],
  ['eq', (value, ...others) => others.some((other) => other === value)],
  ['ne', (left, right) => left !== right],
  ['lt', (left, right) => Number(left) < Number(right)],
  ['le', (left, right) => Number(left) <= Number(right)],
  ['gt', (left, right) => Number(left) > Number(right)],
  ['ge', (left, right) => Number(left) >= Number(right)],
  ['and', (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1)],
  ['or', (...values) => values.find(isTrue) ?? values.at(-1)],
  ['not', (value) => !isTrue(value)],
]);

/** What is empty stays so. */
function padded(text: string, before: number, after: number): string {
  return text === '' ? '' : `${' '.repeat(before)}${text}${' '.repeat(after)}`;
}

function formatText(format: string, values: readonly unknown[]): string {
  let at = 0;
  return format.replace(/%([-\d.]*)([svdqx%])/g, (_, width: string, verb: string) => {
    if (verb === '%') return '%';
    const value = values[at++];
    const text =
      verb === 'q' ? JSON.stringify(display(value)) : verb === 'x' ? Number(value).toString(16) : display(value);
    const size = Math.abs(Number.parseInt(width, 10) || 0);
    return width.startsWith('-') ? text.padEnd(size) : text.padStart(size);
  });
}

/** As Go prints a value: `[a b]`, `map[k:v]`, `<no value>`. */
function display(value: unknown): string {
  if (value === undefined || value === null) return '<no value>';
  if (Array.isArray(value)) return `[${value.map(display).join(' ')}]`;
  if (!isRecord(value)) return String(value);
  return `map[${entriesOf(value)
    .map(([key, inner]) => `${key}:${display(inner)}`)
    .join(' ')}]`;
}

/** Go's truth: zero values and empty things are false. */
function isTrue(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? entriesOf(value).length > 0 : Boolean(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function wrong(problem: string): FairleadError {
  return new FairleadError('invalid-argument', `template: :1: executing template: ${problem}`);
}
