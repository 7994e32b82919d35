import assert from 'node:assert/strict';
import { release } from 'node:os';
import { test } from 'node:test';
import { NetlinkError } from '@fairlead/netlink';
import { defineFeature } from './feature.ts';
import { features } from './features.ts';

const [major = 0, minor = 0] = release().split('.').map(Number);

function isOlderThan(since: string): boolean {
  const [a = 0, b = 0] = since.split('.').map(Number);
  return major < a || (major === a && minor < b);
}

// Modules may be missing whatever the version; what nf_tables itself can do may not.
for (const name of ['protected tables', 'destroy elements'] as const) {
  test(`${name} are there from Linux ${features[name].since} on`, () => {
    assert.equal(features[name].isSupported(), !isOlderThan(features[name].since));
  });
}

test('every probe has an answer', () => {
  for (const feature of Object.values(features)) assert.equal(typeof feature.isSupported(), 'boolean');
});

test('a probe runs once, its refusal is an answer, missing rights are an error', () => {
  let runs = 0;
  const refuse = (errno: 'EOPNOTSUPP' | 'EPERM') => () => {
    runs += 1;
    throw new NetlinkError('try', errno);
  };
  const missing = defineFeature({ name: 'unicorns', since: '9.9', probe: refuse('EOPNOTSUPP') });
  assert.equal(missing.isSupported(), false);
  assert.throws(() => missing.require(), /this kernel has no unicorns \(Linux 9\.9 and its module are needed\)/);
  assert.equal(runs, 1);
  const forbidden = defineFeature({ name: 'x', since: '1.0', probe: refuse('EPERM') });
  assert.throws(() => forbidden.isSupported(), /EPERM/);
});
