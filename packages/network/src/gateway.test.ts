import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { byPrecedence, electGateways, gatewayFamilies, gatewayOf, type Joined } from './gateway.ts';
import { endpoint, network } from './testing/samples.ts';

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
  assert.equal(gatewayOf({ ...plain, network: { ...plain.network, subnets } }, 4), router);
});

test('families with a gateway are counted', () => {
  assert.deepEqual([on('a', ''), on('a', '6'), on('a', '46')].map(gatewayFamilies), [0, 1, 2]);
});
