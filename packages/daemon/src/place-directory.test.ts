import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { withFiles } from './place-directory.ts';

test('files of a container are read when somebody asks for them, and once', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'fl-place-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const paths = { hosts: join(folder, 'hosts'), resolvConf: join(folder, 'resolv.conf') };
  const write = (hosts: string) => writeFileSync(paths.hosts, hosts);
  write('10.0.0.1 before\n');
  const place = withFiles({ name: 'web', id: 'a', attachments: [], publications: [] }, paths);
  write('10.0.0.2 asked\n');
  assert.deepEqual(place.files, { hosts: '10.0.0.2 asked\n', resolvConf: '' });
  write('10.0.0.3 after\n');
  assert.equal(place.files?.hosts, '10.0.0.2 asked\n');
});
