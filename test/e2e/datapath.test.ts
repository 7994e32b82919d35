import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { pageProblem } from './page-tool.ts';

const root = resolve(import.meta.dirname, '../..');

test('docs/datapath shows what the kernel holds in each network mode, and how packets go there', () => {
  assert.equal(pageProblem('datapath'), '');
});

test('the index of docs/datapath leads to every page', () => {
  const index = readFileSync(`${root}/docs/datapath/README.md`, 'utf8');
  const linked = [...index.matchAll(/\]\(([a-z0-9-]+\.md)\)/g)].map(([, page]) => page ?? '');
  const pages = globSync('*.md', { cwd: `${root}/docs/datapath` }).filter((page) => page !== 'README.md');
  assert.deepEqual(linked.toSorted(), pages.toSorted());
});
