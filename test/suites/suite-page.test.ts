import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { type SuiteFinding, suiteTable, withTable } from './suite-page.ts';

const page = resolve(import.meta.dirname, '../../docs/compatibility.md');
const findings: SuiteFinding[] = JSON.parse(readFileSync(join(import.meta.dirname, 'testdata/findings.json'), 'utf8'));

test('the table of the clients’ suites is what the last run has found', () => {
  const text = readFileSync(page, 'utf8');
  assert.equal(withTable(text, suiteTable(findings)), text, 'not by hand: npm run suites -- --write');
});

test('every difference of the last run has its reason', () => {
  assert.deepEqual(
    findings.flatMap(({ name, whole }) => (whole.differences[''] ?? []).map((test) => `${name}: ${test}`)),
    [],
  );
});

test('what no reason covers stands in the table by its name', () => {
  const whole = {
    tests: 9,
    reference: 5,
    unsteady: [],
    passed: 2,
    more: ['x'],
    differences: { '': ['a'], fire: ['b', 'c'] },
  };
  const networks = { ...whole, differences: {} };
  const finding = { name: 'suite', version: '1.0', commit: 'abc', date: '2026-01-01', whole, networks };
  const lines = suiteTable([finding]).split('\n');
  assert.equal(lines[2], '| suite 1.0 (abc), 2026-01-01 | 9 | 5 | 2 | **a**; 2 need fire | 1 |');
  assert.equal(lines[3], '| of these, about networks | 9 | 5 | 2 | none | 1 |');
  assert.throws(() => withTable('a page', ''), /no marks/);
});
