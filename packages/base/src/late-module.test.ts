import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lateModule, loadLateModules, loadUsualModules, usualModule } from './late-module.ts';

test('what is usual is loaded first, the rest when everything is, each by the order of names', async () => {
  const loaded: string[] = [];
  const load = (name: string) => async () => void loaded.push(name);
  const rare = lateModule(load('rare'));
  const often = usualModule(load('often'));
  usualModule(load('more often'));
  assert.deepEqual(loaded, []);
  await loadUsualModules();
  assert.deepEqual(loaded, ['often', 'more often']);
  loaded.length = 0;
  await loadLateModules();
  assert.deepEqual(loaded, ['rare', 'often', 'more often']);
  await rare();
  await often();
  assert.deepEqual(loaded.slice(3), ['rare', 'often']);
});

test('other work has its turn between usual modules', async () => {
  const seen: string[] = [];
  usualModule(async () => {
    setImmediate(() => seen.push('work'));
    seen.push('first');
  });
  usualModule(async () => void seen.push('second'));
  await loadUsualModules();
  assert.deepEqual(seen, ['first', 'work', 'second']);
});
