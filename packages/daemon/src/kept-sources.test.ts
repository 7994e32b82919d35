import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { keepSources, keptSources, keptSourcesPath } from './kept-sources.ts';

/** Modules in a folder of their own, kept in one file. */
function rig(texts: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'fl-kept-'));
  const path = (name: string) => join(folder, `${name}.ts`);
  const url = (name: string) => pathToFileURL(path(name)).href;
  for (const [name, text] of Object.entries(texts)) writeFileSync(path(name), text);
  const kept = keptSourcesPath(folder);
  keepSources(kept, Object.keys(texts).map(url), (code, of) => `${code} // ${of}`);
  const load = (name: string) => keptSources(kept)?.(url(name), {}, () => 'from Node');
  return { kept, path, url, load, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

test('modules that are as they were come from the one file, whatever their letters are', () => {
  using modules = rig({ plain: 'const a = 1;', more: 'const ä = ’x’;', last: 'export {};' });
  for (const [name, code] of Object.entries({ plain: 'const a = 1;', more: 'const ä = ’x’;', last: 'export {};' })) {
    const source = `${code} // ${modules.url(name)}`;
    assert.deepEqual(modules.load(name), { format: 'module', source, shortCircuit: true });
  }
});

test('what was changed, has another time, is gone or was never kept is left to Node', () => {
  using modules = rig({ longer: 'const a = 1;', touched: 'const a = 1;', gone: 'const a = 1;' });
  writeFileSync(modules.path('longer'), 'const a = 10;');
  utimesSync(modules.path('touched'), 1, 1);
  rmSync(modules.path('gone'));
  for (const name of ['longer', 'touched', 'gone', 'other']) assert.equal(modules.load(name), 'from Node', name);
});

test('without such a file, or with one that cannot be read, Node does it all', () => {
  using modules = rig({ plain: 'const a = 1;' });
  const ofEarlier = JSON.stringify([{ url: modules.url('plain'), start: 0, end: 0 }]);
  for (const bytes of [
    '',
    '\xff\xff\xff\x00[',
    '\x02\x00\x00\x00{}',
    `${String.fromCharCode(ofEarlier.length)}\x00\x00\x00${ofEarlier}`,
  ]) {
    writeFileSync(modules.kept, bytes, 'latin1');
    assert.equal(modules.load('plain'), undefined, bytes);
  }
  rmSync(modules.kept);
  assert.equal(modules.load('plain'), undefined);
});
