import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usageOf } from './usage.ts';

test('usage is reckoned as docker does', () => {
  const usage = usageOf({
    precpu_stats: { cpu_usage: { total_usage: 1_000 }, system_cpu_usage: 10_000, online_cpus: 2 },
    cpu_stats: { cpu_usage: { total_usage: 2_000 }, system_cpu_usage: 20_000, online_cpus: 2 },
    memory_stats: { usage: 3000, limit: 10_000, stats: { inactive_file: 1000 } },
    networks: { eth0: { rx_bytes: 1, tx_bytes: 2 }, eth1: { rx_bytes: 10, tx_bytes: 20 } },
    blkio_stats: {
      io_service_bytes_recursive: [
        { op: 'read', value: 5 },
        { op: 'Write', value: 7 },
        { op: 'Total', value: 12 },
      ],
    },
    pids_stats: { current: 4 },
  });
  assert.deepEqual(usage, {
    processor: 20,
    memory: 2000,
    memoryLimit: 10_000,
    memoryShare: 20,
    received: 11,
    sent: 22,
    read: 5,
    written: 7,
    processes: 4,
  });
});

test('a container that does not run uses nothing', () => {
  const usage = usageOf({
    precpu_stats: { cpu_usage: { total_usage: 0 } },
    cpu_stats: { cpu_usage: { total_usage: 0 } },
    memory_stats: {},
    blkio_stats: { io_service_bytes_recursive: null },
    pids_stats: {},
  });
  assert.ok(Object.values(usage).every((value) => value === 0));
});
