import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Buildkitd } from './buildkitd.ts';

/** Settings for a program of a test's own, which is a shell script. */
function settingsFor(folder: string, script: string) {
  const program = join(folder, 'program');
  writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return {
    ...{ program, root: join(folder, 'root'), state: join(folder, 'state'), cgroupParent: 'x' },
    containerd: { socket: '/c.sock', namespace: 'n', snapshotter: 's' },
    dns: { servers: [], search: [], options: [] },
    ...{ mirrors: [], insecureRegistries: [], certificates: new Map() },
  };
}

test('a buildkitd that does not start says why', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fl-buildkitd-'));
  try {
    await assert.rejects(Buildkitd.start(settingsFor(folder, 'echo no worker found; exit 3')), {
      code: 'unavailable',
      message: 'buildkitd did not start: exit code 3\nno worker found',
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('one that runs is told where its configuration is, ends when it is asked to, and is forgotten', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fl-buildkitd-'));
  try {
    const listen = `require("node:net").createServer().listen("${folder}/state/buildkitd.sock")`;
    const settings = settingsFor(folder, `echo "$@"; exec ${process.execPath} -e '${listen}' -- "$@"`);
    const buildkitd = await Buildkitd.start(settings);
    assert.ok(existsSync(join(folder, 'state/buildkitd.pid')));
    await buildkitd.stop();
    assert.equal(await buildkitd.ended, 'ended by SIGTERM');
    assert.equal(existsSync(join(folder, 'state/buildkitd.pid')), false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
