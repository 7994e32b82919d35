import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repositoryRows } from './search.ts';

test('repositories are shown by their stars, each in one line', () => {
  const description = `Lines\nof ${'words '.repeat(20)}`;
  const found = [
    { name: 'own/busybox', description: '', star_count: 1, is_official: false },
    { name: 'busybox', description, star_count: 3000, is_official: true },
  ];
  const [first, second] = repositoryRows(found, false);
  assert.deepEqual([first?.['Name'], first?.['StarCount'], first?.['IsOfficial']], ['busybox', '3000', '[OK]']);
  assert.match(first?.['Description'] ?? '', /^Lines of words .{29}…$/);
  assert.deepEqual(second, { Name: 'own/busybox', Description: '', StarCount: '1', IsOfficial: '' });
  assert.ok(repositoryRows(found, true)[0]?.['Description']?.endsWith('words words'));
});
