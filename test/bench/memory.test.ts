import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryOf } from './memory.ts';

function mapping(inode: number, sizes: { rss: number; pss: number; anonymous?: number }): string {
  return [
    `5581f0000000-5581f0001000 r-xp 00001000 08:01 ${inode} /usr/bin/some`,
    `Rss:                ${sizes.rss} kB`,
    `Pss:                ${sizes.pss} kB`,
    `Anonymous:          ${sizes.anonymous ?? 0} kB`,
    '',
  ].join('\n');
}

test('a file that two processes share counts once, with the larger part that is in memory', () => {
  const processes = [
    { command: 'a', smaps: mapping(7, { rss: 100, pss: 20 }) },
    { command: 'b', smaps: mapping(7, { rss: 60, pss: 20 }) },
  ];
  assert.equal(memoryOf(processes), 100 * 1024);
});

test('memory without a file counts for each process', () => {
  const one = { command: 'a', smaps: mapping(0, { rss: 50, pss: 50, anonymous: 50 }) };
  assert.equal(memoryOf([one, one]), 100 * 1024);
});

test('pages of a file that were written to are memory of the process', () => {
  const one = { command: 'a', smaps: mapping(7, { rss: 50, pss: 40, anonymous: 30 }) };
  assert.equal(memoryOf([one, one]), (30 + 30 + 20) * 1024);
});

test('several mappings add up', () => {
  const smaps = mapping(7, { rss: 10, pss: 10 }) + mapping(8, { rss: 5, pss: 5 });
  assert.equal(memoryOf([{ command: 'a', smaps }]), 15 * 1024);
});
