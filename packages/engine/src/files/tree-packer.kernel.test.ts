import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { listXattrs, readXattr } from '@fairlead/kernel';
import { tarEnd } from '@fairlead/registry/tar';
import { TreePacker } from './tree-packer.ts';

/** A folder with what the machine's own tar makes of a packed path. */
async function unpacked(context: TestContext, path: string, name: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'fl-packed-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const packed = await Array.fromAsync(new TreePacker({ listXattrs, readXattr }).pack(path, name));
  writeFileSync(join(folder, 'archive.tar'), Buffer.concat([...packed, tarEnd]));
  execFileSync('tar', ['-C', folder, '-xf', join(folder, 'archive.tar')]);
  return folder;
}

test('files of the kernel are as long as what they say, not as their size', async (context) => {
  assert.equal(statSync('/sys/devices/virtual/net/lo/mtu').size, 4096);
  const mtu = await unpacked(context, '/sys/devices/virtual/net/lo/mtu', 'mtu');
  assert.equal(readFileSync(join(mtu, 'mtu'), 'utf8'), readFileSync('/sys/devices/virtual/net/lo/mtu', 'utf8'));
  assert.equal(statSync('/proc/sys/kernel/ostype').size, 0);
  const type = await unpacked(context, '/proc/sys/kernel/ostype', 'ostype');
  assert.equal(readFileSync(join(type, 'ostype'), 'utf8'), 'Linux\n');
});

test('what cannot be read in a folder of the kernel is left out, and the rest is there', async (context) => {
  // A link without a speed refuses to tell it.
  assert.throws(() => readFileSync('/sys/devices/virtual/net/lo/speed'), { code: 'EINVAL' });
  const folder = await unpacked(context, '/sys/devices/virtual/net/lo', 'lo');
  assert.equal(existsSync(join(folder, 'lo/speed')), false);
  assert.equal(readFileSync(join(folder, 'lo/statistics/rx_errors'), 'utf8'), '0\n');
  const fresh = await unpacked(context, '/proc/self/', 'self');
  assert.match(readFileSync(join(fresh, 'self/status'), 'utf8'), /^Name:/);
  assert.equal(existsSync(join(fresh, 'self/mem')), false);
});
