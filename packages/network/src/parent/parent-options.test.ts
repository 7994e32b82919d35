import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ParentDriver, parseParentOptions } from './parent-options.ts';

const P = 'com.docker.network.';
const macvlan = { type: { kind: 'macvlan', mode: 'bridge' }, interfacePrefix: 'eth' };
const ipvlan = { type: { kind: 'ipvlan', mode: 'l2', flag: 'bridge' }, interfacePrefix: 'eth' };

const read: readonly [ParentDriver, Record<string, string>, object][] = [
  ['macvlan', {}, macvlan],
  ['macvlan', { parent: '', macvlan_mode: '' }, macvlan],
  ['macvlan', { parent: 'eth0', ipvlan_mode: 'none of mine' }, { ...macvlan, parent: 'eth0' }],
  ...(['bridge', 'private', 'vepa', 'passthru'] as const).map(
    (mode): [ParentDriver, Record<string, string>, object] => [
      'macvlan',
      { macvlan_mode: mode },
      { ...macvlan, type: { kind: 'macvlan', mode } },
    ],
  ),
  ['ipvlan', {}, ipvlan],
  [
    'ipvlan',
    { parent: 'eth0.7', ipvlan_mode: 'l3s', ipvlan_flag: 'vepa' },
    { ...ipvlan, parent: 'eth0.7', type: { kind: 'ipvlan', mode: 'l3s', flag: 'vepa' } },
  ],
  [
    'ipvlan',
    { ipvlan_mode: 'l3', ipvlan_flag: 'private' },
    { ...ipvlan, type: { kind: 'ipvlan', mode: 'l3', flag: 'private' } },
  ],
  [
    'macvlan',
    { [`${P}driver.mtu`]: '1400', [`${P}container_iface_prefix`]: 'lan', [`${P}enable_ipv6`]: 'true' },
    { ...macvlan, mtu: 1400, interfacePrefix: 'lan', ipv6: true },
  ],
  ['macvlan', { [`${P}driver.mtu`]: '0' }, macvlan],
];

for (const [driver, options, expected] of read) {
  test(`${driver}: ${JSON.stringify(options)} is read`, () => {
    assert.deepEqual(parseParentOptions(driver, options), expected);
  });
}

const refused: readonly [ParentDriver, Record<string, string>, string][] = [
  [
    'macvlan',
    { macvlan_mode: 'x' },
    "requested macvlan mode 'x' is not valid, 'bridge' mode is the macvlan driver default",
  ],
  ['macvlan', { parent: 'lo' }, 'loopback interface is not a valid macvlan parent link'],
  ['ipvlan', { ipvlan_mode: 'L2' }, "requested ipvlan mode 'L2' is not valid, 'l2' mode is the ipvlan driver default"],
  [
    'ipvlan',
    { ipvlan_flag: 'passthru' },
    "requested ipvlan flag 'passthru' is not valid, 'bridge' is the ipvlan driver default",
  ],
  ['ipvlan', { parent: 'lo' }, 'loopback interface is not a valid ipvlan parent link'],
  ['macvlan', { [`${P}driver.mtu`]: '-1' }, 'invalid MTU number: -1'],
];

for (const [driver, options, message] of refused) {
  test(`${driver}: ${JSON.stringify(options)} is refused`, () => {
    assert.throws(() => parseParentOptions(driver, options), { code: 'invalid-argument', message });
  });
}
