import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '@fairlead/store';
import { sampleContainer, sampleTable } from '../container/testing/sample-container.ts';
import type { Container } from '../model.ts';
import type { ContainerMount } from './volume-model.ts';
import type { VolumeRequest } from './volume-port.ts';
import { newVolume, type StoredVolume, VolumeTable } from './volume-table.ts';

const mount = (volumeName: string): ContainerMount => {
  return { type: 'volume', source: volumeName, target: '/data', readOnly: false, mode: 'z', volumeName };
};
const tableWith = (...containers: Container[]) =>
  new VolumeTable(Store.open(':memory:').collection<StoredVolume>('volume'), sampleTable(...containers));
const request = (change: Partial<VolumeRequest> = {}): VolumeRequest => {
  return { name: 'web', driver: '', options: null, labels: null, ...change };
};

test('a new volume is what was asked for; one without a name is marked for it', () => {
  const { labels, options, driver } = newVolume('web', request({ labels: { a: 'b' } }));
  assert.deepEqual([labels, options, driver], [{ a: 'b' }, null, 'local']);
  const unnamed = newVolume('0f', request({ name: '', labels: { a: 'b' } }));
  assert.deepEqual(unnamed.labels, { a: 'b', 'com.docker.volume.anonymous': '' });
});

test('names and options of local volumes are looked at, those of plugins are for them to judge', () => {
  assert.throws(() => newVolume('a', request({ name: 'a' })), { message: /^volume name is too short/ });
  assert.throws(() => newVolume('web', request({ options: { foo: 'bar' } })), { message: 'invalid option: "foo"' });
  const { id, driver, options } = newVolume('a', request({ driver: 'plug', options: { foo: 'bar' } }));
  assert.deepEqual([id, driver, options], ['a', 'plug', { foo: 'bar' }]);
});

test('a volume is in use while a container has it', () => {
  const [one, other] = ['web', 'web'].map((name) => sampleContainer({ mounts: [mount(name)] }));
  assert.ok(one !== undefined && other !== undefined);
  const table = tableWith(one, other, sampleContainer({ mounts: [mount('else')] }), sampleContainer());
  assert.throws(() => table.requireUnused('web'), {
    code: 'conflict',
    message: `remove web: volume is in use - [${one.id}, ${other.id}]`,
  });
  table.requireUnused('idle');
});

test('one whose removal has begun exists for nobody but recovery', () => {
  const table = tableWith();
  const volume = newVolume('web', request());
  table.put(volume);
  table.markRemoved(volume);
  const marked = { ...volume, removing: true };
  assert.deepEqual([table.get('web'), [...table], table.removed()], [undefined, [], [marked]]);
  assert.deepEqual(table.look('web'), marked);
  assert.throws(() => table.find('web'), { code: 'not-found', message: 'get web: no such volume' });
  table.forget('web');
  assert.deepEqual(table.removed(), []);
});
