import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SysctlChanges, sysctlKey } from './sysctl-changes.ts';

test('settings are compared with what they were, and with what we have set ourselves', () => {
  const values = new Map([['net.ipv4.ip_forward', '0']]);
  const changes = new SysctlChanges((key) => values.get(key));
  assert.deepEqual(changes.compare(), []);
  values.set('net.ipv4.ip_forward', '1').set('net.bridge.bridge-nf-call-iptables', '1');
  assert.deepEqual(changes.compare(), ['net.ipv4.ip_forward: 0 changed to 1'], 'a module brings its settings along');
  values.set('net.ipv4.ip_forward', '0');
  changes.touch('net.ipv4.ip_forward', '0');
  assert.deepEqual(changes.compare(), []);
});

test('a dot in the name of an interface is no separator', () => {
  assert.equal(sysctlKey('net/ipv4/conf/eth0.7/rp_filter'), 'net.ipv4.conf.eth0/7.rp_filter');
});
