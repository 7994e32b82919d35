import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { hostTable, relayTable, segmentsTable } from '@fairlead/firewall';
import { pageProblem } from './page-tool.ts';

const root = resolve(import.meta.dirname, '../..');

test('docs/tour.md shows what its commands print', () => {
  assert.equal(pageProblem('tour'), '');
});

test('docs/networking.md tells of every set and every chain of the host’s tables, and points to files that are there', () => {
  const page = readFileSync(`${root}/docs/networking.md`, 'utf8');
  const words = new Set([...page.matchAll(/`([^`\n]+)`/g)].map(([, word]) => word ?? ''));
  const objects = [hostTable, relayTable, segmentsTable].flatMap((table) => {
    const { sets, chains } = table({ protected: true });
    return [...sets, ...chains];
  });
  const silent = new Set(['published', 'published6', 'relayed']);
  const names = objects.map(({ name }) => name).filter((name) => !silent.has(name));
  assert.deepEqual(
    names.filter((name) => !words.has(name)),
    [],
  );
  const paths = [...words].filter((word) => /^(packages|test)\//.test(word));
  assert.ok(paths.length > 5);
  assert.deepEqual(
    paths.filter((path) => !existsSync(`${root}/${path}`)),
    [],
  );
});
