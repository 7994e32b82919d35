import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findInit } from './init-program.ts';

let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-init-'));
  for (const name of ['empty', 'tini', 'both', 'useless']) mkdirSync(join(folder, name));
  const install = (mode: number, ...path: string[]) => writeFileSync(join(folder, ...path), '', { mode });
  install(0o755, 'tini', 'tini');
  install(0o755, 'both', 'tini');
  install(0o755, 'both', 'docker-init');
  install(0o644, 'useless', 'tini');
  mkdirSync(join(folder, 'useless', 'docker-init'));
});

after(() => rmSync(folder, { recursive: true }));

const find = (...names: string[]) => findInit(names.map((name) => join(folder, name)));

test('Docker’s own init is preferred wherever it is', () => {
  assert.equal(find('tini', 'both'), join(folder, 'both', 'docker-init'));
  assert.equal(find('empty', 'tini'), join(folder, 'tini', 'tini'));
});

test('what is a folder or cannot be executed is none', () => {
  assert.equal(find('useless', 'tini'), join(folder, 'tini', 'tini'));
  assert.throws(() => find('empty', 'useless'), {
    code: 'not-found',
    message: 'exec: "docker-init": executable file not found in $PATH',
  });
});
