import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { urlOf } from '../packages/base/src/quick-resolution.ts';
import { readSources, readWorkspaces, root } from './source-tree.ts';

const uses = readSources(readWorkspaces()).flatMap(({ path, imports }) =>
  imports.map((specifier) => ({ path: join(root, path), specifier })),
);

test('every name in the sources means what Node finds behind it', () => {
  let quick = 0;
  for (const { path, specifier } of uses) {
    const url = urlOf(specifier, pathToFileURL(path).href);
    if (url === undefined) continue;
    quick++;
    assert.equal(url, pathToFileURL(createRequire(path).resolve(specifier)).href, `${specifier} in ${path}`);
  }
  assert.ok(quick > uses.length / 2);
});

test('every door of a package of ours is found without Node, but those for tests', () => {
  const parent = pathToFileURL(join(root, 'packages/base/src/index.ts')).href;
  const doors = new Set(uses.map(({ specifier }) => specifier).filter((name) => name.startsWith('@fairlead/')));
  const slow = [...doors].filter((name) => !name.endsWith('/testing') && urlOf(name, parent) === undefined);
  assert.deepEqual(slow, []);
});

test('what is no name of a module of ours is left to Node', () => {
  const parent = pathToFileURL(join(root, 'packages/base/src/index.ts')).href;
  for (const specifier of ['node:fs', 'valibot', '@fairlead/kernel/testing', './data.json', 'file:///x.ts']) {
    assert.equal(urlOf(specifier, parent), undefined, specifier);
  }
  assert.equal(urlOf('./x.ts', 'file:///elsewhere/a.ts'), undefined);
  assert.equal(urlOf('./x.ts', undefined), undefined);
});
