import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDebian } from './debian-packages.ts';
import { engineRequirements, findProgram, missing } from './requirement.ts';

test('a program is found although the PATH leaves the administrator’s folders out', () => {
  assert.match(findProgram('sh', '') ?? '', /\/sh$/);
  assert.equal(findProgram('no-such-program-anywhere'), undefined);
});

test('only what cannot be found is missing', () => {
  const lacking = missing(engineRequirements, (program) => (program === 'runc' ? undefined : `/usr/bin/${program}`));
  assert.deepEqual(
    lacking.map(({ package: name }) => name),
    ['runc'],
  );
});

test('Debian and its descendants are told from others', () => {
  assert.equal(isDebian('NAME="Debian GNU/Linux"\nID=debian\n'), true);
  assert.equal(isDebian('ID=ubuntu\nID_LIKE=debian\n'), true);
  assert.equal(isDebian('ID="linuxmint"\nID_LIKE="ubuntu debian"\n'), true);
  assert.equal(isDebian('ID=fedora\nID_LIKE="rhel centos"\n'), false);
});
