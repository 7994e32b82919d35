import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '@fairlead/store';
import { sampleContainer, sampleTable } from '../container/testing/sample-container.ts';
import type { VolumeRequest } from '../engine-port.ts';
import type { Container, ContainerMount } from '../model.ts';
import { type StoredVolume, VolumeTable } from './volume-table.ts';

const mount = (volumeName: string): ContainerMount => {
  return { type: 'volume', source: volumeName, target: '/data', readOnly: false, mode: 'z', volumeName };
};
const tableWith = (...containers: Container[]) =>
  new VolumeTable(Store.open(':memory:').collection<StoredVolume>('volume'), sampleTable(...containers));
const request = (change: Partial<VolumeRequest> = {}): VolumeRequest => {
  return { name: 'web', driver: '', options: null, labels: null, ...change };
};

test('a volume that exists is given back as it is, whatever else is asked for', () => {
  const table = tableWith();
  const made = table.describe(request({ labels: { a: 'b' } }));
  assert.equal(table.get('web'), undefined, 'describing is not storing');
  table.put(made);
  assert.equal(table.describe(request({ driver: 'local', options: { nonsense: 'x' } })), made);
  assert.deepEqual([made.labels, made.options, made.driver], [{ a: 'b' }, null, 'local']);
});

test('a volume without a name gets one, and is marked for it', () => {
  const { id, labels } = tableWith().describe(request({ name: '', labels: { a: 'b' } }));
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.deepEqual(labels, { a: 'b', 'com.docker.volume.anonymous': '' });
});

test('faults are told as faults of the creation', () => {
  const table = tableWith();
  const cases = [
    [{ name: 'a' }, /^create a: volume name is too short/],
    [{ driver: 'nope' }, /^create web: error looking up volume plugin nope: plugin "nope" not found$/],
    [{ options: { foo: 'bar' } }, /^create web: invalid option: "foo"$/],
  ] as const;
  for (const [change, message] of cases) assert.throws(() => table.describe(request(change)), { message });
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
  table.put(table.describe(request()));
  table.markRemoved('web');
  assert.deepEqual([table.get('web'), [...table], table.removed()], [undefined, [], ['web']]);
  assert.throws(() => table.find('web'), { code: 'not-found', message: 'get web: no such volume' });
  table.forget('web');
  assert.deepEqual(table.removed(), []);
});
