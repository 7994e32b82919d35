import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultProfile } from './apparmor-profile.ts';

const full = { daemonProfile: 'unconfined', hasTunables: true, hasBase: true };

test('the default profile takes what the host has of common definitions', () => {
  assert.match(
    defaultProfile(full),
    /^#include <tunables\/global>\n\nprofile docker-default flags=\(.*\) \{\n {2}#include/,
  );
  const bare = defaultProfile({ ...full, hasTunables: false, hasBase: false });
  assert.match(bare, /^@\{PROC\}=\/proc\/\n\nprofile docker-default/);
  assert.doesNotMatch(bare, /#include/);
});

test('whoever confines the daemon may signal containers', () => {
  assert.match(defaultProfile({ ...full, daemonProfile: 'fairlead' }), /signal \(receive\) peer=fairlead,/);
});

test('mounts and the kernel’s own files are closed', () => {
  const text = defaultProfile(full);
  for (const rule of ['mount,', '@{PROC}/kcore rwklx,', '/sys/firmware/** rwklx,', '/sys/kernel/security/** rwklx,']) {
    assert.ok(text.includes(`  deny ${rule}\n`), rule);
  }
});
