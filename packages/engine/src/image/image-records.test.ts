import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairleadError } from '@fairlead/base';
import type { Descriptor, ImageRecord, Labels } from '@fairlead/runtime';
import { ImageRecords, type RecordStore } from './image-records.ts';

const target: Descriptor = { mediaType: '', digest: 'm', size: 1 };

/** containerd's image store in memory, which counts lists and can fail. */
class FakeRecordStore implements RecordStore {
  readonly records = new Map<string, ImageRecord>();
  lists = 0;
  broken = false;
  /** Milliseconds; each record is a second later than the one before. */
  now = 0;

  async put(name: string, descriptor: Descriptor, labels: Labels = {}): Promise<ImageRecord> {
    if (this.broken) throw new FairleadError('unavailable', 'gone');
    this.now += 1000;
    const record = { name, target: descriptor, labels, createdAt: new Date(0), updatedAt: new Date(this.now) };
    this.records.set(name, record);
    return record;
  }

  async list(): Promise<ImageRecord[]> {
    this.lists++;
    return [...this.records.values()];
  }

  async delete(name: string): Promise<void> {
    if (!this.records.delete(name)) throw new FairleadError('not-found', name);
  }
}

test('names are read once, follow every change, and are the same after a restart', async () => {
  const store = new FakeRecordStore();
  const records = new ImageRecords(store);
  await records.change(async (_, changes) => {
    await changes.add('sha256:1', target);
    await changes.name('a', { id: 'sha256:1', target });
    await changes.name('b', { id: 'sha256:1', target });
    await changes.add('sha256:2', target);
    await changes.name('b', { id: 'sha256:2', target });
  });
  for (const table of [await records.table(), await new ImageRecords(store).table()]) {
    assert.deepEqual(table.ids, ['sha256:1', 'sha256:2']);
    assert.deepEqual(table.namesOf('sha256:1'), ['a']);
    assert.deepEqual(table.namesOf('sha256:2'), ['b']);
    assert.deepEqual(
      ['sha256:1', 'sha256:2', 'sha256:3'].map((id) => table.lastNamed(id)),
      [2000, 5000, undefined],
    );
  }
  assert.equal(store.lists, 2);
});

test('records of others are no images', async () => {
  const store = new FakeRecordStore();
  await store.put('docker.io/library/x:latest', target);
  assert.deepEqual((await new ImageRecords(store).table()).ids, []);
});

test('a name whose record is gone already is taken away all the same', async () => {
  const store = new FakeRecordStore();
  const records = new ImageRecords(store);
  await records.change(async (_, changes) => {
    await changes.add('sha256:1', target);
    await changes.name('a', { id: 'sha256:1', target });
  });
  store.records.delete('a');
  await records.change((_, changes) => changes.unname('a'));
  assert.deepEqual((await records.table()).namesOf('sha256:1'), []);
});

test('after a failed change the records are read again', async () => {
  const store = new FakeRecordStore();
  const records = new ImageRecords(store);
  await records.table();
  store.broken = true;
  await assert.rejects(
    records.change((_, changes) => changes.add('sha256:1', target)),
    { code: 'unavailable' },
  );
  store.broken = false;
  await store.put('sha256:3', target, { 'fairlead/image': 'sha256:3' });
  assert.deepEqual((await records.table()).ids, ['sha256:3']);
});
