import assert from 'node:assert/strict';
import { existsSync, lstatSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { type Finished, Host } from '@fairlead/lab';

/** `up` and `down` in a host of their own, below a folder: the machine itself is never touched. */

const launcher = resolve(import.meta.dirname, '../../fairlead');

test('up starts an engine once, status describes it, down undoes it', async () => {
  await using host = await Host.create();
  const root = join(host.folder, 'r');
  const fairlead = (...words: string[]): Promise<Finished> => host.run([launcher, ...words, '--root', root]);

  assert.deepEqual([(await fairlead('status')).code, existsSync(root)], [3, false]);
  const first = await fairlead('up');
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /Fairlead runs, started by a process of its own, at unix:/);
  assert.match((await fairlead('up')).stdout, /runs already/);
  assert.ok(lstatSync(join(root, 'usr/local/bin/fairlead')).isSymbolicLink());
  assert.match((await fairlead('status')).stdout, /^running at unix:.*, process \d+\n/);

  const down = await fairlead('down');
  assert.equal(down.code, 0, down.stderr);
  assert.equal(existsSync(join(root, 'usr/local/bin/fairlead')), false);
  assert.equal((await fairlead('status')).code, 3);
  assert.equal((await fairlead('down')).code, 0);
});
