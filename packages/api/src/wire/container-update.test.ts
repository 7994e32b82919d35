import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '@fairlead/engine';
import { parseUpdate } from './container-update.ts';

test('only what was asked for changes', () => {
  assert.deepEqual(parseUpdate({}, 51), { limits: {} });
  const nothing = { Memory: 0, CpuShares: 0, CpusetCpus: '', PidsLimit: null, RestartPolicy: { Name: '' } };
  assert.deepEqual(parseUpdate(nothing, 51), { limits: {} });
  const all = { memory: 16_777_216, memoryswap: -1, NanoCpus: 5e8, CpusetCpus: '0', PidsLimit: 7, BlkioWeight: 10 };
  assert.deepEqual(parseUpdate({ ...all, RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } }, 51), {
    limits: { memory: 16_777_216, memorySwap: -1, nanoCpus: 5e8, cpusetCpus: '0', pids: 7, blkioWeight: 10 },
    restartPolicy: { name: 'on-failure', maximumRetryCount: 3 },
  });
});

test('a limit of processes can be taken away, from API 1.40 on', () => {
  for (const PidsLimit of [0, -1]) assert.deepEqual(parseUpdate({ PidsLimit }, 40), { limits: { pids: 0 } });
  assert.deepEqual(parseUpdate({ PidsLimit: 5 }, 39), { limits: {} });
});

test('limits and policies that cannot be are refused in Docker’s words', () => {
  const cases: readonly (readonly [Json, string])[] = [
    [{ Memory: 1024 }, 'Minimum memory limit allowed is 6MB'],
    [
      { Memory: 20_000_000, MemorySwap: 10_000_000 },
      'Minimum memoryswap limit should be larger than memory limit, see usage',
    ],
    [{ BlkioWeight: 9 }, 'Range of blkio weight is from 10 to 1000'],
    [{ NanoCpus: 1, CpuQuota: 1000 }, 'Conflicting options: Nano CPUs and CPU Quota cannot both be set'],
    [
      { RestartPolicy: { Name: 'always', MaximumRetryCount: 1 } },
      "invalid restart policy: maximum retry count can only be used with 'on-failure'",
    ],
  ];
  for (const [body, message] of cases) {
    assert.throws(() => parseUpdate(body, 51), { code: 'invalid-argument', message });
  }
  // The memory limit may have been set before.
  assert.deepEqual(parseUpdate({ MemorySwap: 20_000_000 }, 51), { limits: { memorySwap: 20_000_000 } });
});
