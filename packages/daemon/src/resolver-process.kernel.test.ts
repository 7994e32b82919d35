import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ResolverProcess } from './resolver-process.ts';

test('it is kept by who asks for it in the same moment in which it is to end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fl-resolver-'));
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const resolver = await ResolverProcess.find({ socket: join(folder, 's'), log: join(folder, 'log'), logger });
  try {
    await resolver.needed();
    const retired = resolver.retire(async () => true);
    const client = await resolver.needed();
    assert.equal(await retired, false);
    await client.call('holdFile', { path: '/dev/null' });
    assert.equal(await resolver.retire(async () => true), true);
  } finally {
    await resolver.shutdown();
    rmSync(folder, { recursive: true });
  }
});
