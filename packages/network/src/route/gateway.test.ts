import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress, parsePrefix } from '@fairlead/base';
import type { SubnetConfig } from '../model.ts';
import { endpoint, network, parented } from '../testing/samples.ts';
import {
  byPrecedence,
  electGateways,
  gatewayFamilies,
  isOffHost,
  type Joined,
  portGateways,
  wayOutOf,
} from './gateway.ts';

/** An endpoint on a network of that name: `4` and `6` say for which families it has addresses and gateways. */
function on(
  name: string,
  families: '4' | '6' | '46' | '',
  more: { priority?: number; internal?: boolean } = {},
): Joined {
  const { priority, internal = false } = more;
  return {
    network: network({ name, internal, subnets: families.split('') }),
    endpoint: endpoint({ families, config: priority === undefined ? {} : { gatewayPriority: priority } }),
  };
}

const l3 = { kind: 'ipvlan', mode: 'l3', flag: 'bridge' } as const;
const l2 = { kind: 'ipvlan', mode: 'l2', flag: 'bridge' } as const;

/** An endpoint on a network with a parent; its subnets have a gateway only if that is said. */
function onParent(
  name: string,
  families: '4' | '6' | '46',
  more: { type?: typeof l2 | typeof l3; gateway?: boolean; internal?: boolean } = {},
): Joined {
  const { type, gateway = false, internal = false } = more;
  const item = parented(type && { type }, { name, internal, subnets: families.split('') });
  const subnets: readonly SubnetConfig[] = gateway ? item.subnets : item.subnets.map(({ subnet }) => ({ subnet }));
  return { network: { ...item, subnets }, endpoint: endpoint({ families }) };
}

const elections: readonly [string, readonly Joined[], string | undefined, string | undefined][] = [
  ['nothing joined, no way out', [], undefined, undefined],
  ['the only network', [on('a', '4')], 'a', undefined],
  ['the smaller name wins, whatever the order of joining', [on('b', '4'), on('a', '4')], 'a', undefined],
  ['both families beat the smaller name', [on('a', '4'), on('b', '46')], 'b', 'b'],
  ['the families may leave by different networks', [on('a', '4'), on('b', '6')], 'a', 'b'],
  ['a higher priority beats everything', [on('a', '46'), on('b', '4', { priority: 1 })], 'b', 'a'],
  ['a negative priority comes last', [on('a', '46', { priority: -1 }), on('b', '4')], 'b', 'a'],
  [
    'an internal network is no way out, whatever its priority',
    [on('a', '46', { internal: true, priority: 9 }), on('b', '4')],
    'b',
    undefined,
  ],
  ['only internal networks, no way out', [on('a', '46', { internal: true })], undefined, undefined],
  ['a macvlan network without a gateway leads nowhere', [onParent('a', '46'), on('b', '4')], 'b', undefined],
  ['one with a gateway is as good as a bridge', [onParent('a', '4', { gateway: true }), on('b', '4')], 'a', undefined],
  ['ipvlan l2 needs a gateway', [onParent('a', '4', { type: l2 })], undefined, undefined],
  ['ipvlan l3 leads out by itself', [onParent('a', '46', { type: l3 }), on('b', '4')], 'a', 'a'],
  ['unless it is internal', [onParent('a', '46', { type: l3, internal: true }), on('b', '4')], 'b', undefined],
  ['a network without subnets is no way out', [on('host', ''), on('b', '4')], 'b', undefined],
];

for (const [name, joined, ipv4, ipv6] of elections) {
  test(`gateway: ${name}`, () => {
    const election = electGateways(joined);
    assert.deepEqual([election.ipv4?.network.name, election.ipv6?.network.name], [ipv4, ipv6]);
  });
}

test('names are looked up in priority order, internal networks last', () => {
  const joined = [
    on('x', '46', { internal: true }),
    on('b', '4'),
    on('c', '46'),
    on('d', '4', { priority: 5 }),
    on('a', '4'),
  ];
  assert.deepEqual(
    byPrecedence(joined).map(({ network: { name } }) => name),
    ['d', 'c', 'a', 'b', 'x'],
  );
});

test('an auxiliary address of that name is the router instead of the bridge', () => {
  const router = parseIpAddress('10.0.0.254');
  const plain = on('a', '4');
  const [subnet] = plain.network.subnets;
  assert.ok(subnet);
  const subnets = [{ ...subnet, auxiliary: { DefaultGatewayIPv4: router } }];
  assert.deepEqual(wayOutOf({ ...plain, network: { ...plain.network, subnets } }, 4), { via: router });
});

test('families with a gateway are counted', () => {
  assert.deepEqual([on('a', ''), on('a', '6'), on('a', '46')].map(gatewayFamilies), [0, 1, 2]);
});

test('the way out is the router of the subnet that the address is of', () => {
  const subnets = [
    { subnet: parsePrefix('192.0.2.0/24'), gateway: parseIpAddress('192.0.2.1') },
    { subnet: parsePrefix('10.0.0.0/24'), gateway: parseIpAddress('10.0.0.254') },
    { subnet: parsePrefix('fd00::/64') },
  ];
  const joined = { network: { ...parented(), subnets }, endpoint: endpoint({ families: '46' }) };
  assert.deepEqual([wayOutOf(joined, 4), wayOutOf(joined, 6)], [{ via: '10.0.0.254' }, undefined]);
  const routed = { ...joined, network: { ...parented({ type: l3 }), subnets } };
  assert.deepEqual([wayOutOf(routed, 4), wayOutOf(routed, 6)], [{}, {}], 'a router is passed over');
});

test('ports are published only behind the bridges among the elected', () => {
  const lan = onParent('a', '4', { gateway: true });
  const six = on('b', '6');
  assert.deepEqual(portGateways(electGateways([lan, six])), { ipv6: six });
  assert.deepEqual([[], [lan], [lan, six], [six], [on('c', '4', { priority: 1 }), lan]].map(isOffHost), [
    false,
    true,
    false,
    false,
    false,
  ]);
});
