import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSysctlHere, sysctlPath } from './sysctl.ts';

test('dots separate, a slash is a dot in a name', () => {
  assert.equal(sysctlPath('net.ipv4.ip_forward'), '/proc/sys/net/ipv4/ip_forward');
  assert.equal(sysctlPath('net.ipv4.conf.eth0/100.rp_filter'), '/proc/sys/net/ipv4/conf/eth0.100/rp_filter');
});

test('a key cannot lead out of /proc/sys', () => {
  for (const key of ['', 'net..ipv4', 'net.//.x', '/.net']) assert.throws(() => sysctlPath(key), TypeError);
});

test('a value is read without its line end, a missing key has none', () => {
  assert.match(readSysctlHere('kernel.ostype') ?? '', /^Linux$/);
  assert.equal(readSysctlHere('net.there.is.no.such.key'), undefined);
});
