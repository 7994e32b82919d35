import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasMountSetattr, namesOption, recursiveReadOnlyFault } from './recursive-read-only.ts';

test('mount_setattr came with Linux 5.12', () => {
  const known = ['4.19.0', '5.7.0-1', '5.11.22', '5.12.0', '5.15-rc1', '6.1.0-18-amd64', '10.0'];
  assert.deepEqual(known.map(hasMountSetattr), [false, false, false, true, true, true, true]);
});

test('a runtime names the options that it knows', () => {
  assert.equal(namesOption('{"mountOptions":["ro","rro"]}'), true);
  for (const without of ['{"mountOptions":["ro"]}', '{"mountOptions":null}', '{}']) {
    assert.equal(namesOption(without), false, without);
  }
});

test('a runtime that gives no account of itself cannot', async () => {
  const words = /^rro is not supported by runtime "false": OCI features struct is not available$/;
  assert.match((await recursiveReadOnlyFault('false')) ?? '', words);
});
