import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleConfig } from '../testing/sample-container.ts';
import type { ResourceLimits } from './container-config.ts';
import { liveLimits, updatedHost } from './host-update.ts';

const MiB = 1024 * 1024;
const hostWith = (limits: ResourceLimits, autoRemove = false) => sampleConfig({}, { limits, autoRemove }).host;

test('what is given changes, the rest stays', () => {
  const old = { memory: 64 * MiB, memorySwap: 128 * MiB, cpuShares: 512, pids: 10 };
  const { limits, restartPolicy } = updatedHost(hostWith(old), { limits: { memory: 100 * MiB, pids: 0 } });
  assert.deepEqual(limits, { memory: 100 * MiB, memorySwap: 128 * MiB, cpuShares: 512, pids: 0 });
  assert.deepEqual(restartPolicy, { name: 'no', maximumRetryCount: 0 });
  const policy = { name: 'on-failure', maximumRetryCount: 3 };
  assert.deepEqual(updatedHost(hostWith(old), { limits: {}, restartPolicy: policy }).restartPolicy, policy);
});

test('what does not go with what was asked for before is refused', () => {
  const swap =
    'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time';
  const cases: readonly (readonly [ResourceLimits, ResourceLimits, string | undefined])[] = [
    [{ cpuPeriod: 1000 }, { nanoCpus: 1 }, 'Nano CPUs cannot be updated as CPU Period has already been set'],
    [{ cpuQuota: 1000 }, { nanoCpus: 1 }, 'Nano CPUs cannot be updated as CPU Quota has already been set'],
    [{ nanoCpus: 1 }, { cpuPeriod: 1000 }, 'CPU Period cannot be updated as NanoCPUs has already been set'],
    [{ nanoCpus: 1 }, { cpuQuota: 1000 }, 'CPU Quota cannot be updated as NanoCPUs has already been set'],
    [{ nanoCpus: 1 }, { nanoCpus: 2 }, undefined],
    [{}, { memory: 64 * MiB }, swap],
    [{ memory: 32 * MiB, memorySwap: -1 }, { memory: 64 * MiB }, swap],
    [{ memory: 16 * MiB, memorySwap: 32 * MiB }, { memory: 64 * MiB }, swap],
    [{ memory: 16 * MiB, memorySwap: 32 * MiB }, { memory: 32 * MiB }, undefined],
    [{}, { memory: 64 * MiB, memorySwap: -1 }, undefined],
  ];
  for (const [old, limits, fault] of cases) {
    const message = fault === swap || fault === undefined ? fault : `Conflicting options: ${fault}`;
    const update = () => updatedHost(hostWith(old), { limits });
    if (message === undefined) update();
    else assert.throws(update, { code: 'conflict', message });
  }
});

test('what removes itself cannot be started again by a policy', () => {
  const update = (name: string) =>
    updatedHost(hostWith({}, true), { limits: {}, restartPolicy: { name, maximumRetryCount: 0 } });
  const message = 'Restart policy cannot be updated because AutoRemove is enabled for the container';
  assert.throws(() => update('always'), { code: 'conflict', message });
  assert.equal(update('no').restartPolicy.name, 'no');
});

test('the runtime is told memory and swap together', () => {
  const host = { limits: { memory: 64 * MiB, memorySwap: 96 * MiB } };
  assert.deepEqual(liveLimits({ memory: 64 * MiB }, host), { memory: 64 * MiB, memorySwap: 96 * MiB });
  assert.deepEqual(liveLimits({ pids: 0 }, host), { pids: 0 });
});
