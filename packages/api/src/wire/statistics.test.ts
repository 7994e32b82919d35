import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatisticsSample } from '@fairlead/engine';
import { presentStatistics } from './statistics.ts';

const sample: StatisticsSample = {
  metrics: {
    readAt: new Date('2026-01-02T03:04:05.678Z'),
    cgroupVersion: 2,
    processes: { current: 3, limit: 2 ** 64 },
    cpu: {
      total: 5_000,
      user: 3_000,
      kernel: 2_000,
      perCpu: [],
      periods: 10,
      throttledPeriods: 2,
      throttledTime: 700,
    },
    memory: {
      usage: 1_000,
      maxUsage: 0,
      limit: 2 ** 64,
      failures: 0,
      killed: 0,
      inactiveFile: 400,
      counters: { inactive_file: 400, limit: 2 ** 64 },
    },
    block: [{ major: 8, minor: 1, operation: 'read', bytes: 4096 }],
  },
  processors: { nanoseconds: 9_000_000, online: 2 },
  links: [
    {
      name: 'eth0',
      receivedBytes: 1,
      receivedPackets: 2,
      receiveErrors: 3,
      receiveDropped: 4,
      sentBytes: 5,
      sentPackets: 6,
      sendErrors: 7,
      sendDropped: 8,
    },
  ],
  machineMemory: 8_000,
};

const present = (current?: StatisticsSample, previous?: StatisticsSample) =>
  presentStatistics({ id: 'abc', name: 'web', current, previous });

test('a sample and the one before are in the words of Docker', () => {
  const wire = present(sample, { ...sample, processors: { nanoseconds: 1_000_000, online: 2 } });
  assert.equal(wire.read, '2026-01-02T03:04:05.678Z');
  assert.equal(wire.name, '/web');
  assert.deepEqual(wire.pids_stats, { current: 3 });
  assert.deepEqual(wire.cpu_stats, {
    cpu_usage: { total_usage: 5_000, usage_in_kernelmode: 2_000, usage_in_usermode: 3_000 },
    system_cpu_usage: 9_000_000,
    online_cpus: 2,
    throttling_data: { periods: 10, throttled_periods: 2, throttled_time: 700 },
  });
  assert.equal(wire.precpu_stats.system_cpu_usage, 1_000_000);
  assert.deepEqual(wire.blkio_stats.io_service_bytes_recursive, [{ major: 8, minor: 1, op: 'read', value: 4096 }]);
  assert.deepEqual(wire.networks, {
    eth0: {
      rx_bytes: 1,
      rx_packets: 2,
      rx_errors: 3,
      rx_dropped: 4,
      tx_bytes: 5,
      tx_packets: 6,
      tx_errors: 7,
      tx_dropped: 8,
    },
  });
});

test('without a limit the machine’s memory is the limit, and no number is more than 64 bits', () => {
  assert.deepEqual(present(sample).memory_stats, {
    usage: 1_000,
    stats: { inactive_file: 400, limit: 2 ** 64 - 2048 },
    limit: 8_000,
  });
});

test('a container that has no interface but the loopback says nothing of networks', () => {
  assert.equal('networks' in present({ ...sample, links: [] }), false);
});

test('a container that does not run has zeros', () => {
  const wire = present();
  assert.equal(wire.read, '0001-01-01T00:00:00Z');
  assert.deepEqual([wire.pids_stats, wire.memory_stats, wire.networks], [{}, {}, undefined]);
  assert.equal(wire.cpu_stats.cpu_usage.total_usage, 0);
});
