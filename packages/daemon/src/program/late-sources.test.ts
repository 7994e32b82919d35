import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { keepSources } from './kept-sources.ts';
import { LateSources, lateSourcesPath, nameKey } from './late-sources.ts';

/** Modules in a folder of their own, kept in one file that is open. */
function rig(texts: Readonly<Record<string, string>>, names: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'fl-late-'));
  const path = (name: string) => join(folder, `${name}.ts`);
  const url = (name: string) => pathToFileURL(path(name)).href;
  for (const [name, text] of Object.entries(texts)) writeFileSync(path(name), text);
  const kept = lateSourcesPath(folder);
  keepSources(kept, Object.keys(texts).map(url), (code) => code, { names });
  const late = LateSources.open(kept);
  assert.ok(late);
  const load = (name: string) => late.load(url(name), {}, () => 'from Node');
  const dispose = () => {
    late[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  };
  return { kept, late, path, url, load, [Symbol.dispose]: dispose };
}

test('what was kept is what runs, whatever becomes of the files', () => {
  using modules = rig({ plain: 'const a = 1;', more: 'const ä = ’x’;' });
  writeFileSync(modules.path('plain'), 'something else');
  rmSync(modules.path('more'));
  rmSync(modules.kept);
  for (const [name, source] of Object.entries({ plain: 'const a = 1;', more: 'const ä = ’x’;' })) {
    assert.deepEqual(modules.load(name), { format: 'module', source, shortCircuit: true });
  }
  assert.equal(modules.load('other'), 'from Node');
});

test('files that are not what was kept are noticed', () => {
  for (const change of ['longer', 'touched', 'gone'] as const) {
    using modules = rig({ one: 'const a = 1;', two: 'const b = 2;' });
    assert.ok(modules.late.isCurrent());
    const path = modules.path('two');
    if (change === 'longer') writeFileSync(path, 'const b = 20;');
    else if (change === 'touched') utimesSync(path, 1, 1);
    else rmSync(path);
    assert.ok(!modules.late.isCurrent(), change);
  }
});

test('names of other packages lead where they led', () => {
  const [parent, url] = ['file:///a/b.ts', 'file:///node_modules/x/index.js'];
  using modules = rig({}, { [nameKey('x', parent)]: url });
  const resolve = (specifier: string, parentURL: string) =>
    modules.late.resolve(specifier, { parentURL }, () => 'by Node');
  assert.deepEqual(resolve('x', parent), { url, format: 'module', shortCircuit: true });
  assert.equal(resolve('y', parent), 'by Node');
  assert.equal(resolve('x', 'file:///a/c.ts'), 'by Node');
});

test('there is nothing to be had from a file that is not there, or cannot be read', () => {
  using modules = rig({ one: 'const a = 1;' });
  for (const text of ['', '\xff\x00\x00\x00{', '\x02\x00\x00\x00{}']) {
    writeFileSync(`${modules.kept}-other`, text, 'latin1');
    assert.equal(LateSources.open(`${modules.kept}-other`), undefined, JSON.stringify(text));
  }
  assert.equal(LateSources.open(`${modules.kept}-none`), undefined);
});
