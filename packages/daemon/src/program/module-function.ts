import { type DirectExport, type Export, type Import, parse, type StaticImport } from 'es-module-lexer/js';

/** A module of ECMAScript written as a function: it gets what the module imports, and returns what it exports. */
export interface ModuleFunction {
  /** Names of the modules that it imports from: their exports are its parameters, behind `import.meta`. */
  readonly imports: readonly string[];
  /**
   * An expression that is the function. Its first line is ours; behind it is every line of the module, with every letter in
   * its place, so that a stack trace, a breakpoint and a reader mean the same.
   */
  readonly text: string;
}

/** As long as `import.meta`, whose place it takes. */
const META = '$importMeta';

/**
 * Write a module as a function. Node can run either, but of a function V8 gives away what it has compiled after it has run,
 * and of a module only what it was before (`vm.Script.createCachedData`, `vm.SourceTextModule.createCachedData`).
 *
 * A function has its imports before it runs, and nothing of it can be seen before it has: so modules must not import each
 * other in a circle, nor change what they export. None of ours does.
 *
 * @param code a module without types.
 * @throws SyntaxError for what such a function cannot do: exports that may change, without a name, or of everything.
 */
export function moduleFunction(code: string): ModuleFunction {
  if (/\$(importMeta|exports\d)/.test(code)) throw new SyntaxError('a name of ours is used');
  const [all, exports] = parse(code);
  const statements = all.filter(isStatement);
  const imports = [...new Set(statements.map(({ specifier }) => specifier))];
  const exportsOf = (specifier: string) => `$exports${imports.indexOf(specifier)}`;
  const bound = statements.map((statement) => boundNames(code, statement, exportsOf(statement.specifier)));
  const returned = exports.map((one) => exported(code, one, exportsOf));
  const head = `(function (${[META, ...imports.map(exportsOf)].join(', ')}) { 'use strict'; ${bound.join('')}`;
  const tail = `return { ${['__proto__: null', ...returned].join(', ')} };\n})`;
  return { imports, text: `${head}\n${withoutStatements(code, all, exports)}\n${tail}` };
}

const isStatement = (one: Import): one is StaticImport => one.type === 'static' || one.type === 'reexport-star';
const isDirect = (one: Export): one is DirectExport => one.type === 'direct';

/** What a statement `import … from` makes known in the module; `export … from` makes nothing known. */
function boundNames(code: string, { importStart, start }: StaticImport, exports: string): string {
  const clause = /^import\s+([^'"]+?)\s+from\s+['"]$/.exec(code.slice(importStart, start))?.[1];
  if (clause === undefined) return '';
  const words = /^(?<whole>[\w$]+)?,?\s*(?:\*\s+as\s+(?<all>[\w$]+)|\{(?<some>[^{}/]*)\})?$/.exec(clause)?.groups;
  if (words === undefined) throw new SyntaxError(`cannot read import ${clause}`);
  const { whole, all, some } = words;
  const names = some
    ?.trim()
    .replaceAll(/\s+as\s+/g, ': ')
    .replaceAll(/\s+/g, ' ');
  const patterns = [whole && `{ default: ${whole} }`, all, names && `{ ${names} }`];
  return patterns.map((pattern) => (pattern ? `const ${pattern} = ${exports}; ` : '')).join('');
}

/** One of the properties that the function returns. */
function exported(code: string, one: Export, exportsOf: (specifier: string) => string): string {
  if (one.type === 'reexport-all') throw new SyntaxError(`cannot export everything from ${one.from}`);
  if (one.type === 'reexport') {
    return `${one.name}: ${exportsOf(one.from)}${one.importName === null ? '' : `.${one.importName}`}`;
  }
  const { name, localName, exportStart } = one;
  if (localName === undefined) throw new SyntaxError(`cannot export ${name} without a name`);
  const isList = /^export\s*\{/.test(code.slice(exportStart));
  const declaration = isList ? new RegExp(`\\b(let|var)\\s+${localName}\\b`) : /^export\s+(let|var)\b/;
  if (declaration.test(isList ? code : code.slice(exportStart))) {
    throw new SyntaxError(`cannot export ${localName}, which may change`);
  }
  return `${name}: ${localName}`;
}

/** The module with blanks in place of what only a module can say. */
function withoutStatements(code: string, imports: readonly Import[], exports: readonly Export[]): string {
  const pieces = [
    ...imports.filter(isStatement).map(({ importStart, importEnd }) => [importStart, importEnd] as const),
    ...exports.filter(isDirect).map(({ exportStart }) => exportWords(code, exportStart)),
  ];
  let text = code;
  for (const [start, end] of pieces) text = splice(text, start, end, text.slice(start, end).replaceAll(/[^\n]/g, ' '));
  for (const { type, start, end } of imports) if (type === 'import-meta') text = splice(text, start, end, META);
  return text;
}

function splice(text: string, start: number, end: number, piece: string): string {
  return text.slice(0, start) + piece + text.slice(end);
}

/** Where the word is that makes an export of a declaration, or the whole of a list. */
function exportWords(code: string, start: number): readonly [start: number, end: number] {
  const words = /^export\s*(\{[^}]*\})?/.exec(code.slice(start))?.[0] ?? '';
  return [start, start + words.length];
}
