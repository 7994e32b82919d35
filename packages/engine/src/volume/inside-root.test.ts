import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { insideRoot } from './inside-root.ts';

test('a path is found as a process inside would find it, and never outside', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-inside-'));
  const root = join(folder, 'root');
  try {
    mkdirSync(join(root, 'var/lib/data'), { recursive: true });
    mkdirSync(join(root, 'etc'));
    writeFileSync(join(folder, 'secret'), 'of the host');
    writeFileSync(join(root, 'etc/file'), 'inside');
    const links = {
      absolute: '/var/lib',
      relative: 'var/lib',
      'var/up': '../etc',
      out: '../../../../secret',
      host: '/etc/hostname-of-the-host',
      chain: 'absolute/data',
      loop: 'loop',
      circle: 'etc/../circle',
    };
    for (const [name, target] of Object.entries(links)) symlinkSync(target, join(root, name));
    const cases: readonly (readonly [string, string | undefined])[] = [
      ['/', ''],
      ['/var/lib/data', '/var/lib/data'],
      ['var//lib/./data/', '/var/lib/data'],
      ['/absolute/data', '/var/lib/data'],
      ['/relative/data', '/var/lib/data'],
      ['/chain', '/var/lib/data'],
      ['/var/up/file', '/etc/file'],
      ['/../../etc/file', '/etc/file'],
      ['/absolute/../../etc', '/etc'],
      ['/out', undefined],
      ['/host', undefined],
      ['/loop', undefined],
      ['/circle', undefined],
      ['/etc/file/below', undefined],
      ['/nothing', undefined],
    ];
    for (const [path, wanted] of cases) {
      assert.equal(insideRoot(root, path), wanted === undefined ? undefined : join(root, wanted), path);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
