import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '@fairlead/store';
import { localName, PluginTable } from './plugin-table.ts';
import { samplePlugin } from './testing/sample-plugin.ts';

function rig(...names: string[]) {
  const table = new PluginTable(Store.open(':memory:').collection('plugin'));
  const ids = ['ab', 'ac', 'ff'].map((begin) => begin.padEnd(64, '0'));
  const plugins = names.map((name, index) => table.put(samplePlugin({ name, id: ids[index] ?? '' })));
  return { table, plugins };
}

test('a plugin is found by name with or without its tag, by ID and by the beginning of its ID', () => {
  const { table, plugins } = rig('vieux/sshfs:latest', 'localhost:5000/x:v1', 'af:latest');
  const [sshfs, other, named] = plugins;
  const found: readonly [text: string, plugin: object | undefined][] = [
    ['vieux/sshfs', sshfs],
    ['vieux/sshfs:latest', sshfs],
    ['docker.io/vieux/sshfs', sshfs],
    [sshfs?.id ?? '', sshfs],
    ['ab', sshfs],
    ['localhost:5000/x:v1', other],
    ['localhost:5000/x', undefined],
    ['af', named],
    ['f', named],
    ['vieux/sshfs:v2', undefined],
    [`vieux/sshfs@sha256:${'0'.repeat(64)}`, undefined],
    ['Nonsense', undefined],
    ['', undefined],
    ['e'.repeat(64), undefined],
  ];
  for (const [text, plugin] of found) assert.equal(table.look(text)?.id, (plugin as typeof sshfs)?.id, text);
  assert.throws(() => table.find('nobody'), { code: 'not-found', message: 'plugin "nobody" not found' });
  assert.throws(() => table.find('a'), { code: 'invalid-argument', message: 'multiple plugins found for "a"' });
});

test('one whose removal has begun is not there, but for who completes it', () => {
  const { table, plugins } = rig('one:latest');
  const [plugin] = plugins;
  assert.ok(plugin);
  assert.throws(() => table.requireFree('one:latest'), {
    code: 'conflict',
    message: 'plugin one:latest already exists',
  });
  table.put({ ...plugin, removing: true });
  table.requireFree('one:latest');
  assert.deepEqual([table.look('one'), [...table].length, table.everyOne().length], [undefined, 0, 1]);
  assert.throws(() => table.current(plugin), { code: 'not-found' });
  table.forget(plugin.id);
  assert.equal(table.everyOne().length, 0);
});

test('a plugin is called here as there, or as somebody wants it', () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  assert.equal(localName('localhost:5000/x', ''), 'localhost:5000/x:latest');
  assert.equal(localName('docker.io/library/x:v1', ''), 'x:v1');
  assert.equal(localName(`a/x:v1@${digest}`, ''), 'a/x:v1');
  assert.equal(localName(`a/x@${digest}`, ''), 'a/x:latest');
  assert.equal(localName('a/x', 'mine'), 'mine:latest');
  assert.throws(() => localName('a/x', `mine@${digest}`), { message: 'cannot use digest in plugin tag' });
  assert.throws(() => localName('A', ''), { code: 'invalid-argument' });
});
