import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare } from './comparison.ts';
import { parsePytest } from './docker-py.ts';
import { parseMocha } from './dockerode.ts';
import type { Outcome } from './suite.ts';
import { parseVitest } from './testcontainers.ts';

/** `a b! c-`: a has passed, b has failed, c was skipped. */
const outcomes = (text: string): Outcome[] =>
  text.split(' ').map((word) => ({
    name: word.replace(/[!-]$/, ''),
    result: word.endsWith('!') ? 'failed' : word.endsWith('-') ? 'skipped' : 'passed',
    text: word.startsWith('swarm') ? '501: swarm mode is not supported yet' : 'AssertionError',
  }));

test('what passes in every run on dockerd has to pass on Fairlead, and what does not is named with its reason', () => {
  const comparison = compare(
    [outcomes('a b c d! e! swarm'), outcomes('a b c! d! e! swarm')],
    outcomes('a b! c! d e! swarm!'),
  );
  assert.deepEqual(comparison, {
    tests: 6,
    reference: 3,
    unsteady: ['c'],
    passed: 1,
    more: ['d'],
    differences: { '': ['b'], 'swarm mode': ['swarm'] },
  });
});

test('a test that Fairlead skips or that vanishes with it has not passed', () => {
  const { passed, differences } = compare([outcomes('a b c')], outcomes('a b-'));
  assert.equal(passed, 1);
  assert.deepEqual(differences, { '': ['b', 'c'] });
});

test('reports of pytest, mocha and vitest say the same', () => {
  const expected = [
    { name: 'good', result: 'passed', text: '' },
    { name: 'bad', result: 'failed', text: 'why' },
    { name: 'other', result: 'skipped', text: '' },
  ];
  const lines = [
    { name: 'good', outcome: 'passed', text: '' },
    { name: 'bad', outcome: 'failed', text: 'why' },
    { name: 'bad', outcome: 'failed', text: 'its tear-down, too' },
    { name: 'other', outcome: 'skipped', text: '' },
  ];
  assert.deepEqual(parsePytest(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`), expected);
  const mocha = {
    passes: [{ fullTitle: 'good', err: {} }],
    failures: [{ fullTitle: 'bad', err: { message: 'why' } }],
    pending: [{ fullTitle: 'other', err: {} }],
  };
  assert.deepEqual(parseMocha(JSON.stringify(mocha)), expected);
  const assertionResults = [
    { fullName: 'good', status: 'passed', failureMessages: [] },
    { fullName: 'bad', status: 'failed', failureMessages: ['why'] },
    { fullName: 'other', status: 'pending', failureMessages: [] },
  ];
  const vitest = { testResults: [{ name: '/s/packages/testcontainers/src/a.test.ts', assertionResults }] };
  assert.deepEqual(
    parseVitest(JSON.stringify(vitest), '/s'),
    expected.map((outcome) => ({ ...outcome, name: `a.test.ts ${outcome.name}` })),
  );
});

test('a test whose tear-down fails has failed', () => {
  const lines = ['passed', 'failed'].map((outcome) => JSON.stringify({ name: 'a', outcome, text: outcome }));
  assert.deepEqual(parsePytest(lines.join('\n')), [{ name: 'a', result: 'failed', text: 'failed' }]);
});
