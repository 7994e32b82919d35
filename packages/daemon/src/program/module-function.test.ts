import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { urlOf } from '@fairlead/base/quick-resolution';
import { moduleFunction } from './module-function.ts';

/** What a module exports that is written as a function, with these modules to import from. */
function run(code: string, modules: Readonly<Record<string, object>> = {}, meta: object = {}): Record<string, unknown> {
  const { imports, text } = moduleFunction(code);
  const made: (...given: unknown[]) => Record<string, unknown> = new Function(`return ${text}`)();
  return { ...made(meta, ...imports.map((name) => modules[name])) };
}

suite('what a module says, its function does', () => {
  const modules = { 'node:a': { one: 1, two: 2, default: 'all' }, 'node:b': { three: 3 } };
  const cases: readonly [code: string, exports: object][] = [
    ['export const x = 1;', { x: 1 }],
    ['export const x = 1, y = 2;', { x: 1, y: 2 }],
    ['export const { x, y: [z] } = { x: 1, y: [2] };', { x: 1, z: 2 }],
    ['const x = 1;\nexport { x, x as y };', { x: 1, y: 1 }],
    [`import { one } from 'node:a';\nexport const x = one;`, { x: 1 }],
    [`import { one as uno, two } from 'node:a';\nexport const x = uno + two;`, { x: 3 }],
    [`import {\n  one,\n  two,\n} from 'node:a';\nexport const x = one + two;`, { x: 3 }],
    [`import all from 'node:a';\nexport const x = all;`, { x: 'all' }],
    [`import all, { one } from 'node:a';\nexport const x = all + one;`, { x: 'all1' }],
    [`import * as all from 'node:a';\nexport const x = all.two;`, { x: 2 }],
    [`import 'node:b';\nexport const x = 1;`, { x: 1 }],
    [`export { one, two as due } from 'node:a';`, { one: 1, due: 2 }],
    [`export * as a from 'node:a';`, { a: modules['node:a'] }],
    [`import { one } from 'node:a';\nimport { two } from 'node:a';\nexport const x = one + two;`, { x: 3 }],
    [`import { one } from 'node:a';\nimport { three } from 'node:b';\nexport const x = one + three;`, { x: 4 }],
    [
      `export const x = 'import { y } from "node:z"; export { y };';`,
      { x: 'import { y } from "node:z"; export { y };' },
    ],
    ['export const x = (() => this)();', { x: undefined }],
    ['export const x = import.meta.url;', { x: 'file:///m.ts' }],
    ['', {}],
  ];
  for (const [code, exports] of cases) {
    test(JSON.stringify(code), () => assert.deepEqual(run(code, modules, { url: 'file:///m.ts' }), exports));
  }
  test('functions and classes keep their names', () => {
    const { f, g, C } = run('export function f() {}\nexport async function g() {}\nexport class C {}');
    assert.deepEqual(
      [f, g, C].map((one) => (one as { name: string }).name),
      ['f', 'g', 'C'],
    );
  });
});

suite('what such a function cannot do is refused', () => {
  const cases = {
    'export let x = 1;': /may change/,
    'let x = 1;\nexport { x };': /may change/,
    'export var x = 1;': /may change/,
    'export default class {}': /without a name/,
    'export default 1;': /without a name/,
    "export * from 'node:a';": /everything/,
    'const $exports0 = 1;': /a name of ours/,
    "import { a /* } */ } from 'node:a';": /cannot read/,
  };
  for (const [code, message] of Object.entries(cases)) {
    test(code, () => assert.throws(() => moduleFunction(code), { name: 'SyntaxError', message }));
  }
});

test('every module of a start can be written so, and every letter keeps its place', () => {
  const modules = new Set(
    ['early-question', 'run-daemon'].map((name) => new URL(`../${name}.ts`, import.meta.url).href),
  );
  for (const url of modules) {
    const code = stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8'));
    const { imports, text } = moduleFunction(code);
    new Script(text);
    const kept = text.slice(text.indexOf('\n') + 1, text.lastIndexOf('\nreturn'));
    assert.equal(kept.length, code.length, url);
    const moved = [...kept].filter((letter, place) => letter !== ' ' && letter !== code[place]).join('');
    assert.match(moved, /^(\$importM)*$/, url);
    for (const name of imports) {
      const imported = urlOf(name, url);
      if (imported !== undefined) modules.add(imported);
    }
  }
  assert.ok(modules.size > 100);
});
