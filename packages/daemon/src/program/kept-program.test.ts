import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { keepProgram } from './keep-program.ts';
import { KeptProgram, keptExports, keptProgramPath, type ProgramList } from './kept-program.ts';
import { readKept, writeKept } from './kept-sources.ts';

/** Modules in a folder of their own, kept as a program: all of them but those whose names begin with `late`. */
function rig(texts: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'fl-program-'));
  const path = (name: string) => join(folder, `${name}.mjs`);
  const url = (name: string) => pathToFileURL(path(name)).href;
  for (const [name, text] of Object.entries(texts)) writeFileSync(path(name), text);
  const urls = Object.keys(texts)
    .filter((name) => !name.startsWith('late'))
    .map(url);
  const keep = () =>
    keepProgram(
      keptProgramPath(folder),
      urls,
      (code) => code,
      (specifier, parent) => (specifier.startsWith('.') ? new URL(specifier, parent).href : specifier),
    );
  keep();
  const run = () => {
    const program = KeptProgram.run(folder);
    assert.ok(program);
    return program;
  };
  const code = join(folder, 'daemon-code');
  return { folder, path, url, keep, run, code, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

test('modules run in the order in which they import each other, each once', () => {
  using modules = rig({
    last: "import { log } from './log.mjs'; import { b } from './b.mjs'; log.push('last'); export const all = [b, log];",
    b: "import { log } from './log.mjs'; log.push('b'); export const b = 'b';",
    log: "import { join } from 'node:path'; import fs from 'node:fs'; export const log = [join('a', 'b'), typeof fs.statSync];",
  });
  const program = modules.run();
  const { all } = program.exportsOf(modules.url('last')) ?? {};
  assert.deepEqual(all, ['b', ['a/b', 'function', 'b', 'last']]);
  assert.equal(program.exportsOf(modules.url('last'))?.['all'], all);
  assert.equal(program.exportsOf('file:///other.mjs'), undefined);
});

test('what Node loads later shares the modules of the program, and they find it', async () => {
  using modules = rig({
    first: "export const list = []; export const late = () => import('./late.mjs'); export const at = import.meta;",
    late: "import { list } from './first.mjs'; list.push('late'); export { list };",
  });
  const program = modules.run();
  const hooks = registerHooks({ load: program.load });
  try {
    const { late, list, at } = await import(modules.url('first'));
    assert.equal((await late()).list, list);
    assert.deepEqual(list, ['late']);
    assert.equal(list, keptExports(modules.url('first'))?.['list']);
    const { url, filename, dirname } = at;
    assert.deepEqual([url, filename, dirname], [modules.url('first'), modules.path('first'), modules.folder]);
    assert.equal(at.resolve('./late.mjs'), modules.url('late'));
    // After the start nothing is held but what the modules export.
    program.completeStart();
    assert.equal((await import(`${modules.url('first')}`)).list, list);
  } finally {
    hooks.deregister();
  }
});

test('a fault is told with the line and the column where it is', async () => {
  const text = "import { join } from 'node:path';\n\nexport const fail = () => {\n  throw new Error(join('a'));\n};\n";
  using modules = rig({ fails: text });
  const stackOf = (fail: unknown) => {
    assert.ok(typeof fail === 'function');
    try {
      fail();
    } catch (error) {
      return (error as Error).stack?.split('\n')[1];
    }
    return undefined;
  };
  const kept = stackOf(modules.run().exportsOf(modules.url('fails'))?.['fail']);
  const { fail } = await import(modules.url('fails'));
  assert.match(kept ?? '', /fails\.mjs:4:9/);
  assert.equal(kept, stackOf(fail));
});

test('a module that throws is told of, and runs again when it is asked for again', () => {
  using modules = rig({ throws: "throw new TypeError('no');" });
  const program = modules.run();
  for (let time = 0; time < 2; time++) {
    assert.throws(() => program.exportsOf(modules.url('throws')), new TypeError('no'));
  }
});

test('sources that have changed are left to Node, all of them', () => {
  for (const change of ['longer', 'touched', 'gone'] as const) {
    using modules = rig({ one: 'export const a = 1;', two: 'export const b = 2;' });
    const path = modules.path('two');
    if (change === 'longer') writeFileSync(path, 'export const b = 20;');
    else if (change === 'touched') utimesSync(path, 1, 1);
    else rmSync(path);
    assert.equal(KeptProgram.run(modules.folder), undefined, change);
  }
});

test('without a program, or with one that cannot be read, Node does it all', () => {
  using modules = rig({ one: 'export const a = 1;' });
  for (const bytes of ['', '\xff\xff\xff\x00[', '\x02\x00\x00\x00{}']) {
    writeFileSync(keptProgramPath(modules.folder), bytes, 'latin1');
    assert.equal(KeptProgram.run(modules.folder), undefined, JSON.stringify(bytes));
  }
  rmSync(keptProgramPath(modules.folder));
  assert.equal(KeptProgram.run(modules.folder), undefined);
});

test('letters beyond ASCII are what they were', () => {
  using modules = rig({ more: 'export const ä = "’x’";', plain: 'export const a = 1;' });
  const program = modules.run();
  assert.deepEqual({ ...program.exportsOf(modules.url('more')) }, { ä: '’x’' });
  assert.deepEqual({ ...program.exportsOf(modules.url('plain')) }, { a: 1 });
});

test('what was compiled is kept for the next start, and not written again when there is no more of it', () => {
  using modules = rig({ one: 'export const f = () => [1, 2, 3].map((x) => x * 2);' });
  const start = () => {
    const program = modules.run();
    const { f } = program.exportsOf(modules.url('one')) ?? {};
    assert.ok(typeof f === 'function');
    assert.deepEqual(f(), [2, 4, 6]);
    program.completeStart();
    return readFileSync(modules.code);
  };
  const code = start();
  utimesSync(modules.code, 1, 1);
  assert.deepEqual(start(), code);
  utimesSync(modules.code, 1, 1);
  // Another program of the same sources.
  modules.keep();
  start();
  const [made, compiled] = [keptProgramPath(modules.folder), modules.code].map(
    (path) => readKept<ProgramList>(path).list.id,
  );
  assert.equal(compiled, made);
});

test('code that V8 refuses is written anew', () => {
  using modules = rig({ one: 'export const refused = 1;' });
  const { list } = readKept<ProgramList>(keptProgramPath(modules.folder));
  writeKept(modules.code, { id: list.id, ends: [10_000] }, [Buffer.alloc(10_000)]);
  const program = modules.run();
  assert.equal(program.exportsOf(modules.url('one'))?.['refused'], 1);
  program.completeStart();
  assert.ok(readFileSync(modules.code).length < 10_000);
});

test('a folder that cannot be written to is told of, and the program goes on', () => {
  using modules = rig({ one: 'export const a = 1;' });
  mkdirSync(`${modules.code}.${process.pid}`);
  const program = modules.run();
  program.exportsOf(modules.url('one'));
  assert.throws(() => program.completeStart(), { code: 'EISDIR' });
  assert.equal(existsSync(modules.code), false);
  assert.equal(program.exportsOf(modules.url('one'))?.['a'], 1);
});
