import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  countEntries,
  entriesWritten,
  formatProgress,
  type LogProgress,
  newest,
  parseProgress,
  withoutFirst,
} from './log-progress.ts';

const progress: LogProgress = {
  isWritten: false,
  places: [
    { inode: 7, offset: 100, before: 0 },
    { inode: 9, offset: 0, before: 3 },
  ],
  unfinished: [{ stream: 'stderr', data: Buffer.from([0, 10, 34, 0x80, 0xff]) }],
};

test('a record comes out as it went in, whatever bytes wait and whatever follows it', () => {
  const record = { number: 12, progress };
  const text = formatProgress(record);
  assert.deepEqual(parseProgress(text), record);
  assert.deepEqual(parseProgress(Buffer.from(`${text}rest of a longer one\n`, 'latin1').toString('latin1')), record);
});

test('a record that was torn at any place is none, over nothing as over an older one', () => {
  const older = formatProgress({ number: 10, progress: { ...progress, places: [] } });
  const text = formatProgress({ number: 12, progress });
  for (let length = 0; length < text.length - 1; length++) {
    assert.equal(parseProgress(text.slice(0, length)), undefined);
    assert.equal(parseProgress(text.slice(0, length) + '\0'.repeat(200)), undefined);
    const found = parseProgress(text.slice(0, length) + older.slice(length));
    assert.ok(found === undefined || found.number === 10, String(length));
  }
});

test('the newer record counts, or the only one', () => {
  const [one, two] = [1, 2].map((number) => ({ number, progress }));
  assert.equal(newest(one, two), two);
  assert.equal(newest(two, one), two);
  assert.equal(newest(undefined, one), one);
  assert.equal(newest(one, undefined), one);
  assert.equal(newest(undefined, undefined), undefined);
});

for (const { what, inode, count } of [
  { what: 'in the file where they began', inode: 7, count: 5 },
  { what: 'in the one that followed, and before it', inode: 9, count: 8 },
  { what: 'in a log that somebody put in its place', inode: 8, count: 0 },
]) {
  test(`entries that are written are counted ${what}`, () => {
    const asked: number[] = [];
    const countSince = (offset: number) => {
      asked.push(offset);
      return 5;
    };
    assert.equal(entriesWritten(progress, inode, countSince), count);
    assert.deepEqual(asked, inode === 8 ? [] : [progress.places.find((place) => place.inode === inode)?.offset]);
  });
}

for (const [count, rest] of [
  [0, 'a\nbc\n'],
  [1, 'bc\n'],
  [2, ''],
  [3, ''],
] as const) {
  test(`without the first ${count} of two entries there is ${JSON.stringify(rest)}`, () => {
    const left = withoutFirst(count, Buffer.from('a\nbc\n'));
    assert.equal(Buffer.from(left).toString(), rest);
    assert.equal(countEntries(left), Math.max(0, 2 - count));
  });
}
