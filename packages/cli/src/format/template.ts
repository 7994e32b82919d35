import { FairleadError } from '@fairlead/base';
import { type Call, type Node, type Operand, type Pipeline, parseTemplate } from './template-syntax.ts';

/** Values of variables by name; `` is the dot, `$` what the template was given. */
type Scope = ReadonlyMap<string, unknown>;

/**
 * Make a function that renders values with a Go template, as `--format` of the docker command does.
 *
 * @throws FairleadError `invalid-argument` for a malformed template, and when it is used on a value without the field.
 * @example
 * compileTemplate('{{.Name}} {{json .Ports}}')({ Name: 'web', Ports: [80] }); // 'web [80]'
 */
export function compileTemplate(text: string): (value: unknown) => string {
  const nodes = parseTemplate(text.replaceAll('\\t', '\t').replaceAll('\\n', '\n'));
  return (value) =>
    render(
      nodes,
      new Map([
        ['', value],
        ['$', value],
      ]),
    );
}

function render(nodes: readonly Node[], outer: Scope): string {
  let scope = outer;
  let output = '';
  for (const node of nodes) {
    if (node.kind === 'assign') scope = new Map([...scope, [`$${node.name}`, evaluate(node.value, scope)]]);
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
      return isTrue(value) ? render(node.body, new Map([...scope, ['', value]])) : render(node.otherwise, scope);
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
          return render(node.body, new Map([...scope, ['', value], ...names]));
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
  if (head.kind !== 'name') return operandValue(head, scope);
  const operation = functions.get(head.name);
  if (operation === undefined) throw wrong(`function "${head.name}" not defined`);
  return operation(...rest.map((operand) => operandValue(operand, scope)), ...piped);
}

function operandValue(operand: Operand, scope: Scope): unknown {
  if (operand.kind === 'constant') return operand.value;
  if (operand.kind === 'name') return evaluateCall([operand], scope, []);
  const base = typeof operand.base === 'string' ? scope.get(operand.base) : evaluate(operand.base, scope);
  return operand.fields.reduce(field, base);
}

function field(value: unknown, name: string): unknown {
  if (!isRecord(value)) {
    if (value === null || value === undefined) return undefined;
    throw wrong(`can't evaluate field ${name} in type ${typeof value}`);
  }
  if (!(name in value)) throw wrong(`map has no entry for key "${name}"`);
  return value[name];
}

const functions = new Map<string, (...values: readonly unknown[]) => unknown>([
  ['json', (value) => JSON.stringify(value ?? null)],
  ['len', (value) => (typeof value === 'string' ? value.length : entriesOf(value).length)],
  ['index', (value, ...keys) => keys.reduce((inner, key) => (isRecord(inner) ? inner[String(key)] : undefined), value)],
  ['upper', (value) => String(value).toUpperCase()],
  ['lower', (value) => String(value).toLowerCase()],
  ['title', (value) => String(value).replace(/\b\w/g, (letter) => letter.toUpperCase())],
  ['join', (list, separator) => (Array.isArray(list) ? list.join(String(separator)) : '')],
  ['split', (value, separator) => String(value).split(String(separator))],
  ['truncate', (value, length) => String(value).slice(0, Number(length))],
  ['print', (...values) => values.map(display).join('')],
  ['println', (...values) => `${values.map(display).join(' ')}\n`],
  ['printf', (format, ...values) => formatText(String(format), values)],
  ['eq', (value, ...others) => others.some((other) => other === value)],
  ['ne', (left, right) => left !== right],
  ['lt', (left, right) => Number(left) < Number(right)],
  ['gt', (left, right) => Number(left) > Number(right)],
  ['and', (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1)],
  ['or', (...values) => values.find(isTrue) ?? values.at(-1)],
  ['not', (value) => !isTrue(value)],
]);

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
