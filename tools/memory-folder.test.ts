import assert from 'node:assert/strict';
import { statfsSync } from 'node:fs';
import { test } from 'node:test';
import { memoryFolder } from './memory-folder.ts';

test('a folder in memory is given only where it has the room', () => {
  assert.equal(memoryFolder(Number.MAX_SAFE_INTEGER), undefined);
  const folder = memoryFolder(1);
  // A machine need not have any.
  if (folder !== undefined) assert.equal(statfsSync(folder).type, 0x0102_1994);
});
