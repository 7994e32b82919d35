import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '@fairlead/base';
import type { RouteObject, RuleObject } from './object/kernel-object.ts';
import { overlapRoute, overlapText, routeOverlaps } from './overlap.ts';

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
    const found = routeOverlaps(
      subnets,
      { routes: [route(destination, link)], rules: [] },
      (name) => name === 'br-app',
    );
    assert.equal(found.length, expected === undefined ? 0 : 1);
    for (const overlap of found)
      assert.ok(overlapText('app', overlap).startsWith(expected ?? ''), overlapText('app', overlap));
  });
}

const rule = (priority: number, table: number, more: Partial<RuleObject> = {}): RuleObject => ({
  ...{ kind: 'rule', namespace: '', family: 4, priority, table },
  ...more,
});
const main = rule(32_766, 254);
const inTable = (table: number, destination: string, link = 'tun0'): RouteObject => ({
  ...route(destination, link),
  table,
});
/** What wg-quick makes for a peer that everything is sent to: the main table first, as far as it has more than a default. */
const wireguard = [
  rule(32_764, 254, { suppress: 0 }),
  rule(32_765, 51820, { inverted: true, mark: { value: 0xca6c, mask: 0xffff_ffff } }),
  main,
];
/** What Tailscale makes. */
const tailscale = [rule(5210, 254, { mark: { value: 0x80000, mask: 0xff0000 } }), rule(5270, 52), main];
const thrown: RouteObject = {
  ...{ kind: 'route', namespace: '', destination: parsePrefix('10.9.1.0/24'), type: 'throw', table: 52 },
};

const policies: readonly (readonly [string, readonly RuleObject[], readonly RouteObject[], string | undefined])[] = [
  ['the default of wg-quick', wireguard, [inTable(51820, '0.0.0.0/0')], undefined],
  [
    'a wide route behind the main table',
    wireguard,
    [inTable(51820, '10.0.0.0/8')],
    'app (10.9.1.0/24) hides addresses of 10.0.0.0/8, for which table 51820 has a route to tun0',
  ],
  [
    'a subnet of a peer of Tailscale',
    tailscale,
    [inTable(52, '10.0.0.0/8')],
    'Packets for app (10.9.1.0/24) go to tun0 instead: table 52 is asked before the main one and has a route to 10.0.0.0/8.',
  ],
  ['an exit node', tailscale, [inTable(52, '0.0.0.0/0')], 'Packets for app (10.9.1.0/24) go to tun0 instead'],
  ['an exit node that leaves the LAN alone', tailscale, [inTable(52, '0.0.0.0/0'), thrown], undefined],
  ['a part of what is left alone', tailscale, [inTable(52, '10.9.1.0/25'), thrown], 'Packets for app'],
  [
    'a table with our own route',
    tailscale,
    [inTable(52, '10.0.0.0/8'), inTable(52, '10.9.1.0/24', 'br-app')],
    undefined,
  ],
  ['a table that nobody asks', [main], [inTable(52, '10.0.0.0/8')], undefined],
  [
    'a table for some senders',
    [rule(100, 7, { from: parsePrefix('10.8.0.0/24') }), main],
    [inTable(7, '10.0.0.0/8')],
    undefined,
  ],
  ['a table for some users', [rule(100, 7, { narrowed: true }), main], [inTable(7, '10.0.0.0/8')], undefined],
  [
    'a table for other destinations',
    [rule(100, 7, { to: parsePrefix('10.8.0.0/24') }), main],
    [inTable(7, '0.0.0.0/0')],
    undefined,
  ],
  [
    'a table for these destinations',
    [rule(100, 7, { to: parsePrefix('10.9.0.0/16') }), main],
    [inTable(7, '0.0.0.0/0')],
    'Packets for app',
  ],
  ['what its rule suppresses', [rule(100, 7, { suppress: 8 }), main], [inTable(7, '10.0.0.0/8')], undefined],
  ['a table of the other family', [rule(100, 7, { family: 6 }), main], [inTable(7, '10.0.0.0/8')], undefined],
  ['the host’s own addresses', [rule(0, 255), main], [{ ...inTable(255, '10.9.1.1/32') }], undefined],
];

for (const [what, rules, routes, expected] of policies) {
  test(`${what}: ${expected === undefined ? 'no trouble' : 'trouble'}`, () => {
    const found = routeOverlaps(subnets, { routes, rules }, (name) => name === 'br-app');
    assert.deepEqual(found.length, expected === undefined ? 0 : 1);
    for (const overlap of found)
      assert.ok(overlapText('app', overlap).startsWith(expected ?? ''), overlapText('app', overlap));
  });
}

test('a route of another table is told with it', () => {
  const [found] = routeOverlaps(subnets, { routes: [inTable(52, '10.0.0.0/8')], rules: tailscale }, () => false);
  assert.equal(found && overlapRoute(found), '10.0.0.0/8 dev tun0 table 52');
});
