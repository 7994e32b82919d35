import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthy } from '../doctor/testing/sample-host.ts';
import { planCapture } from './capture-plan.ts';

const { directory } = healthy;

test('one interface alone is meant wherever it is asked for', () => {
  const only = (target: string) => planCapture({ target, filter: '', interface: 'veth1' }, directory).interfaces;
  assert.deepEqual(['host', 'web', 'app'].map(only), [['veth1'], ['veth1'], ['veth1']]);
});

test('without one it is all of a container, and the bridge of a network', () => {
  const all = (target: string) => planCapture({ target, filter: '' }, directory).interfaces;
  assert.deepEqual(['web', 'app'].map(all), [undefined, ['br-app']]);
  assert.deepEqual(planCapture({ target: 'web', filter: '', hostSide: true }, directory).interfaces, ['veth1']);
});
