import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { IdentityMapping } from '@fairlead/base';
import type { TaskFile } from '@fairlead/swarm';
import { TaskFiles } from './task-files.ts';

const secret: TaskFile = {
  kind: 'secret',
  target: { name: 'word', uid: '0', gid: '0', mode: 0o444 },
  data: Buffer.from('quiet'),
};

const shifted: IdentityMapping = {
  users: [{ inside: 0, outside: 100_000, count: 65_536 }],
  groups: [{ inside: 0, outside: 200_000, count: 65_536 }],
};

for (const [whose, identities, group] of [
  ['root alone', undefined, 0],
  ['root, and who is root in containers', shifted, 200_000],
] as const) {
  test(`secrets of tasks are for ${whose}, whatever their own modes`, async () => {
    const execRoot = mkdtempSync(join(tmpdir(), 'fl-task-files-'));
    try {
      const fileSystems = { mount: async () => {}, unmount() {}, mountPoints: () => [] };
      const files = new TaskFiles({ settings: { execRoot, ...(identities && { identities }) }, fileSystems });
      const [bound] = await files.write('task', [secret]);
      assert.ok(bound);
      assert.deepEqual([bound.target, readFileSync(bound.source, 'utf8')], ['/run/secrets/word', 'quiet']);
      const { mode, uid, gid } = statSync(join(execRoot, 'swarm'));
      assert.deepEqual([mode & 0o7777, uid, gid], [0o710, 0, group]);
      files.drop('task');
      assert.equal(existsSync(bound.source), false);
    } finally {
      rmSync(execRoot, { recursive: true });
    }
  });
}
