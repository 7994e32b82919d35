import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BuildArguments } from './build-arguments.ts';

test('an argument is seen from its declaration to the end of its stage', () => {
  const all = new BuildArguments(new Map([['A', 'given']]));
  assert.equal(all.values.get('A'), undefined);
  all.declare('A', 'default');
  all.declare('B', 'default');
  all.declare('C', undefined);
  assert.deepEqual(
    [...all.values],
    [
      ['A', 'given'],
      ['B', 'default'],
    ],
  );
  all.beginStage();
  assert.deepEqual([...all.values], []);
});

test('those before the first stage are for FROM, and give defaults to those that are declared again', () => {
  const all = new BuildArguments(new Map([['TAG', '2']]));
  all.declareGlobal('TAG', '1');
  all.declareGlobal('OTHER', 'x');
  assert.deepEqual(
    [...all.globals],
    [
      ['TAG', '2'],
      ['OTHER', 'x'],
    ],
  );
  all.beginStage();
  all.declare('OTHER', undefined);
  assert.deepEqual([...all.values], [['OTHER', 'x']]);
});

test('proxies need no declaration and are not recorded without one', () => {
  const all = new BuildArguments(
    new Map([
      ['http_proxy', 'p'],
      ['unused', 'u'],
      ['bare', undefined],
    ]),
  );
  assert.deepEqual([...all.values], [['http_proxy', 'p']]);
  assert.equal(all.isRecorded('http_proxy'), false);
  all.declare('http_proxy', undefined);
  assert.equal(all.isRecorded('http_proxy'), true);
  assert.equal(all.isRecorded('unused'), true);
  assert.deepEqual(all.unused, ['unused', 'bare']);
});
