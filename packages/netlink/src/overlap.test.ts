import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '@fairlead/base';
import type { RouteObject } from './object/kernel-object.ts';
import { overlapText, routeOverlaps } from './overlap.ts';

const subnets = ['10.9.1.0/24', 'fd00:9::/64'].map(parsePrefix);

function route(destination: string, link?: string): RouteObject {
  const way = link === undefined ? { type: 'blackhole' as const } : { link };
  return { kind: 'route', namespace: '', destination: parsePrefix(destination), ...way };
}

for (const [destination, link, expected] of [
  ['10.9.1.0/25', 'wg0', 'Packets for app (10.9.1.0/24) go to wg0 instead'],
  ['10.9.1.0/24', 'wg0', 'Packets for app (10.9.1.0/24) go to wg0 instead'],
  ['10.0.0.0/8', 'wg0', 'app (10.9.1.0/24) lies within 10.0.0.0/8, which wg0 leads to'],
  ['10.0.0.0/8', undefined, 'app (10.9.1.0/24) lies within 10.0.0.0/8, which blackhole leads to'],
  ['fd00::/8', 'wg0', 'app (fd00:9::/64) lies within fd00::/8'],
  ['10.9.1.0/24', 'br-app', undefined],
  ['0.0.0.0/0', 'wg0', undefined],
  ['::/0', 'wg0', undefined],
  ['10.9.2.0/24', 'wg0', undefined],
  ['fe80::/64', 'eth0', undefined],
] as const) {
  test(`a route to ${destination} by ${link ?? 'nothing'} is ${expected ? 'trouble' : 'none'}`, () => {
    const found = routeOverlaps(subnets, [route(destination, link)], (name) => name === 'br-app');
    assert.equal(found.length, expected === undefined ? 0 : 1);
    for (const overlap of found)
      assert.ok(overlapText('app', overlap).startsWith(expected ?? ''), overlapText('app', overlap));
  });
}
