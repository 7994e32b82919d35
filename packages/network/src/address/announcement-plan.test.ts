import assert from 'node:assert/strict';
import { test } from 'node:test';
import { network } from '../testing/samples.ts';
import { announcementOptions, announcementPlan } from './announcement-plan.ts';

const [N, MS] = ['com.docker.network.advertise_addr_nmsgs', 'com.docker.network.advertise_addr_ms'];

const read: readonly (readonly [options: Record<string, string>, count: number, interval: number])[] = [
  [{}, 3, 1000],
  [{ [N]: '0' }, 0, 1000],
  [{ [N]: '1', [MS]: '100' }, 1, 100],
  [{ [N]: '3', [MS]: '2000' }, 3, 2000],
];
for (const [options, count, interval] of read) {
  test(`announcements with ${JSON.stringify(options)}: ${count} every ${interval} ms`, () => {
    assert.deepEqual(announcementOptions(options), { count, interval });
  });
}

const refused: readonly (readonly [key: string, value: string, message: string])[] = [
  [N, '-1', `${N} must be in the range 0 to 3`],
  [N, '4', `${N} must be in the range 0 to 3`],
  [N, 'nonsense', `value for option ${N} "nonsense" must be an integer`],
  [MS, '99', `${MS} must be in the range 100 to 2000`],
  [MS, '2001', `${MS} must be in the range 100 to 2000`],
  [MS, '', `value for option ${MS} "" must be integer milliseconds`],
];
for (const [key, value, message] of refused) {
  test(`${key}=${value} is refused`, () => {
    assert.throws(() => announcementOptions({ [key]: value }), { code: 'invalid-argument', message });
  });
}

test('where the links of containers have no address of their own on the wire nothing is announced', () => {
  const parent = { name: 'eth0', interfacePrefix: 'eth' };
  const ipvlan = (mode: 'l2' | 'l3') => ({ ...parent, type: { kind: 'ipvlan', mode, flag: 'bridge' } as const });
  assert.equal(announcementPlan(network({ parent: ipvlan('l3') })).count, 0);
  assert.equal(announcementPlan(network({ parent: ipvlan('l2') })).count, 3);
});
