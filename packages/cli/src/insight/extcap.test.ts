import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { configLines, interfaceLines, targetOf } from './extcap.ts';
import { installExtcap } from './extcap-file.ts';

test('Wireshark is told of containers, networks and the host in its own notation', () => {
  const lines = interfaceLines([
    { kind: 'container', name: 'web' },
    { kind: 'network', name: 'app' },
    { kind: 'host', name: 'host' },
  ]);
  assert.match(lines[0] ?? '', /^extcap \{version=[\d.]+\}/);
  assert.deepEqual(lines.slice(1), [
    'interface {value=fairlead-web}{display=Fairlead: container web}',
    'interface {value=fairlead-app}{display=Fairlead: network app}',
    'interface {value=fairlead-host}{display=Fairlead: the host}',
  ]);
  for (const line of configLines()) assert.match(line, /^arg (\{\w+=[^{}]*\})+$/);
});

test('the name of an interface leads back to what it stands for', () => {
  assert.equal(targetOf('fairlead-web'), 'web');
  assert.equal(targetOf('fairlead-fairlead-web'), 'fairlead-web');
});

test('what is put in Wireshark’s folder can be run and passes everything on', () => {
  const home = mkdtempSync(join(tmpdir(), 'fairlead-test-extcap-'));
  try {
    const path = installExtcap(home);
    assert.equal(path, join(home, '.local/lib/wireshark/extcap/fairlead'));
    assert.equal(statSync(path).mode & 0o777, 0o755);
    assert.match(readFileSync(path, 'utf8'), /^#!\/bin\/sh\nexec '\/.*\/fairlead' extcap "\$@"\n$/);
  } finally {
    rmSync(home, { recursive: true });
  }
});
