import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ForeignFilter } from '@fairlead/netlink';
import { network, parented } from '../testing/samples.ts';
import { obstacles } from './obstacles.ts';

const ufw: ForeignFilter = { family: 'ip', table: 'filter', chain: 'FORWARD', admitted: ['docker0', 'eth0'] };
const dual = network({ subnets: ['4', '6'] });

test('a policy that drops is in the way of a bridge that no rule names', () => {
  const message =
    'chain FORWARD of table ip filter refuses what is forwarded, and none of its rules names br-app to let it through';
  assert.deepEqual(obstacles(dual, [ufw]), [message]);
});

for (const pattern of ['br-app', 'br-*', '*']) {
  test(`it is not when a rule lets ${pattern} through`, () => {
    assert.deepEqual(obstacles(dual, [{ ...ufw, admitted: ['docker0', pattern] }]), []);
  });
}

test('so is a rule that closes the bridge to everything from elsewhere, as newer dockerd has one for docker0', () => {
  const closed: ForeignFilter = { family: 'ip', table: 'filter', chain: 'DOCKER', toward: 'br-app', admitted: [] };
  const message =
    'chain DOCKER of table ip filter refuses what comes to br-app from elsewhere, but for what a rule before lets through';
  assert.deepEqual(obstacles(dual, [closed]), [message]);
  assert.deepEqual(obstacles(dual, [{ ...closed, toward: 'docker0' }]), []);
});

test('only families that the network has are concerned, and only networks that lead out by a bridge', () => {
  assert.deepEqual(obstacles(network(), [{ ...ufw, family: 'ip6' }]), []);
  assert.equal(obstacles(network(), [{ ...ufw, family: 'inet' }]).length, 1);
  assert.deepEqual(obstacles(network({ internal: true }), [ufw]), []);
  assert.deepEqual(obstacles(parented(), [ufw]), []);
});
