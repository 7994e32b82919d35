import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LegacyAuthors } from './legacy-authors.ts';

const record = (processId: number, program = 'iptables-legacy') => ({
  processId,
  program,
  function: 'xt_percpu_counter_alloc+0x4d/0x90',
});

test('who has given the kernel a table just now has made the change, and is told once', () => {
  const authors = new LegacyAuthors();
  assert.equal(authors.note(record(7), 0), true);
  assert.equal(authors.note(record(7), 1), true, 'a table of many rules has many counters');
  assert.deepEqual(authors.take(10), { program: 'iptables-legacy', processId: 7 });
  assert.deepEqual(authors.take(11), {});
});

test('of several nobody knows which one it was', () => {
  const authors = new LegacyAuthors();
  authors.note(record(7), 0);
  authors.note(record(8), 1);
  assert.deepEqual(authors.take(10), { program: 'iptables-legacy' });
  authors.note(record(7), 20);
  authors.note(record(9, 'ip6tables-legac'), 21);
  assert.deepEqual(authors.take(30), {});
});

test('what was refused long ago, or was of another part of the kernel, is nobody', () => {
  const authors = new LegacyAuthors();
  authors.note(record(7), 0);
  assert.deepEqual(authors.take(5000), {});
  assert.equal(authors.note({ ...record(7), function: 'somebody_else' }, 0), false);
  assert.deepEqual(authors.take(1), {});
});
