import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toTaskMetrics } from './task-metrics.ts';

/** `memory.stat` of control groups of version 1, in the order of the fields that containerd sends. */
const names = (
  'cache rss rss_huge mapped_file dirty writeback pgpgin pgpgout pgfault pgmajfault inactive_anon active_anon ' +
  'inactive_file active_file unevictable hierarchical_memory_limit hierarchical_memsw_limit total_cache total_rss ' +
  'total_rss_huge total_mapped_file total_dirty total_writeback total_pgpgin total_pgpgout total_pgfault ' +
  'total_pgmajfault total_inactive_anon total_active_anon total_inactive_file total_active_file total_unevictable'
).split(' ');

test('the counters of memory have the kernel’s names, each its own', () => {
  // protobuf: the field's number and kind 0, as a varint, and a value of one byte: the number once more.
  const stat = names.flatMap((_, index) => {
    const field = index + 1;
    return [...(field < 16 ? [field << 3] : [((field << 3) & 0x7f) | 0x80, field >> 4]), field];
  });
  const value = Uint8Array.from([(4 << 3) | 2, stat.length, ...stat]);
  const data = { typeUrl: 'io.containerd.cgroups.v1.Metrics', value };
  const { memory } = toTaskMetrics('web', { id: 'web', timestamp: undefined, data });
  assert.deepEqual(memory.counters, Object.fromEntries(names.map((name, index) => [name, index + 1])));
  assert.equal(memory.inactiveFile, 30);
});
