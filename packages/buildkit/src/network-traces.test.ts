import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { forgetStepNetworks } from './network-traces.ts';

test('what is remembered of the steps of one buildkitd goes, and what others remember stays', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fl-cni-'));
  try {
    const remember = (name: string, netns: string) =>
      writeFileSync(join(folder, name), JSON.stringify({ kind: 'cniCacheV1', netns }));
    remember('fairlead-a-eth0', '/data/buildkit/net/cni/a');
    remember('cni-loopback-a-lo', '/data/buildkit/net/cni/a');
    remember('fairlead-b-eth0', '/other/buildkit/net/cni/b');
    remember('cbr0-c-eth0', '/run/netns/c');
    forgetStepNetworks('/data/buildkit', folder);
    assert.deepEqual(readdirSync(folder).sort(), ['cbr0-c-eth0', 'fairlead-b-eth0']);
    forgetStepNetworks('/data/buildkit', join(folder, 'absent'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
