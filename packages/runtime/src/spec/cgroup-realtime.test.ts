import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { grantRealtime, realtimeFault } from './cgroup-realtime.ts';

const inFolder = (work: (root: string) => void) => () => {
  const root = mkdtempSync(join(tmpdir(), 'fl-realtime-'));
  try {
    work(root);
  } finally {
    rmSync(root, { recursive: true });
  }
};

test(
  'every group above a container gets what is given to all of them',
  inFolder((root) => {
    const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');
    grantRealtime('/a/b/', { period: 1000, runtime: 0 }, root);
    assert.equal(read('a', 'cpu.rt_period_us') + read('a/b', 'cpu.rt_period_us'), '10001000');
    assert.throws(() => read('a', 'cpu.rt_runtime_us'), { code: 'ENOENT' });
    grantRealtime('', { period: 0, runtime: 95 }, root);
    assert.equal(read('fairlead', 'cpu.rt_runtime_us'), '95');
    mkdirSync(join(root, 'no'));
    mkdirSync(join(root, 'no/cpu.rt_period_us'));
    const path = join(root, 'no/cpu.rt_period_us');
    const message = `unable to init CPU RT controller: open ${path}: illegal operation on a directory`;
    assert.throws(() => grantRealtime('no', { period: 1, runtime: 1 }, root), { message });
  }),
);

test(
  'who cannot be given any is told why',
  inFolder((root) => {
    const flags = 'daemon-scoped cpu-rt-period and cpu-rt-runtime are not';
    assert.equal(realtimeFault(true, root), `${flags} implemented for cgroup v2`);
    assert.equal(realtimeFault(false, root), `${flags} supported by the kernel`);
    for (const file of ['cpu.rt_period_us', 'cpu.rt_runtime_us']) writeFileSync(join(root, file), '');
    assert.equal(realtimeFault(false, root), undefined);
  }),
);
