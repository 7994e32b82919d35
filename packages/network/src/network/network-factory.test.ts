import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '@fairlead/base';
import { localSubnetSources, uniqueLocalSource } from '@fairlead/ipam';
import type { Network } from '../model.ts';
import { network } from '../testing/samples.ts';
import { makeNetwork } from './network-factory.ts';
import type { NetworkRequest } from './network-request.ts';
import type { NetworkSurroundings } from './network-surroundings.ts';
import { fixedNetwork } from './predefined-networks.ts';

const P = 'com.docker.network.';
const present = network({ id: 'f'.repeat(64), name: 'app' });
const sources = [...localSubnetSources, uniqueLocalSource('engine')];
const around: NetworkSurroundings = {
  networks: [present],
  sources,
  reserved: () => [parsePrefix('172.17.0.0/16')],
  mtu: 1450,
  foreignLink: (name) => (name === 'corp' ? 'bridge' : name === 'eth0' ? 'other' : undefined),
  hasLink: (name) => ['corp', 'eth0', 'br-app'].includes(name),
  makes: () => true,
};

function make(request: Partial<NetworkRequest>, surroundings = around): Network {
  return makeNetwork({ name: 'new', ...request }, surroundings);
}

const subnets: readonly [string, Partial<NetworkRequest>, readonly object[]][] = [
  ['the lowest free subnet that nobody needs', {}, [{ subnet: '172.18.0.0/16', gateway: '172.18.0.1' }]],
  [
    'a subnet asked for',
    { ipam: { config: [{ subnet: '192.0.2.0/24' }] } },
    [{ subnet: '192.0.2.0/24', gateway: '192.0.2.1' }],
  ],
  [
    'a subnet that the host has a route for, when asked for',
    { ipam: { config: [{ subnet: '172.17.0.0/16' }] } },
    [{ subnet: '172.17.0.0/16', gateway: '172.17.0.1' }],
  ],
  [
    'any subnet of a length',
    { ipam: { config: [{ subnet: '0.0.0.0/24' }] } },
    [{ subnet: '172.18.0.0/24', gateway: '172.18.0.1' }],
  ],
  [
    'a gateway asked for',
    { ipam: { config: [{ subnet: '192.0.2.0/24', gateway: '192.0.2.254' }] } },
    [{ subnet: '192.0.2.0/24', gateway: '192.0.2.254' }],
  ],
  [
    'the gateway is the first of the range',
    { ipam: { config: [{ subnet: '192.0.2.0/24', range: '192.0.2.128/25' }] } },
    [{ subnet: '192.0.2.0/24', range: '192.0.2.128/25', gateway: '192.0.2.128' }],
  ],
  [
    'auxiliary addresses are kept',
    { ipam: { config: [{ subnet: '192.0.2.0/24', auxiliary: { router: '192.0.2.2' } }] } },
    [{ subnet: '192.0.2.0/24', gateway: '192.0.2.1', auxiliary: { router: '192.0.2.2' } }],
  ],
  [
    'IPv6 without IPv4',
    { ipv4: false, ipv6: true, ipam: { config: [{ subnet: 'fd01::/64' }] } },
    [{ subnet: 'fd01::/64', gateway: 'fd01::1' }],
  ],
  [
    'IPv4 first',
    { ipv6: true, ipam: { config: [{ subnet: 'fd01::/64' }, { subnet: '192.0.2.0/24' }] } },
    [
      { subnet: '192.0.2.0/24', gateway: '192.0.2.1' },
      { subnet: 'fd01::/64', gateway: 'fd01::1' },
    ],
  ],
  [
    'an IPv6 subnet without IPv6 is left out',
    { ipam: { config: [{ subnet: 'fd01::/64' }] } },
    [{ subnet: '172.18.0.0/16', gateway: '172.18.0.1' }],
  ],
  [
    'an isolated family has no gateway',
    { internal: true, options: { [`${P}bridge.gateway_mode_ipv4`]: 'isolated' } },
    [{ subnet: '172.18.0.0/16' }],
  ],
  [
    'a bridge without IPv4 keeps a gateway for a router',
    { options: { [`${P}bridge.inhibit_ipv4`]: 'true' } },
    [{ subnet: '172.18.0.0/16', gateway: '172.18.0.1' }],
  ],
  [
    'but none when nothing leads out',
    { internal: true, options: { [`${P}bridge.inhibit_ipv4`]: 'true' } },
    [{ subnet: '172.18.0.0/16' }],
  ],
];

for (const [name, request, expected] of subnets) {
  test(`subnets: ${name}`, () => assert.deepEqual(make(request).subnets, expected));
}

test('a network without a wish is a plain bridge', () => {
  const { id, bridge, ...rest } = make({});
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.match(bridge?.mac ?? '', /^.[26ae]:/);
  assert.deepEqual(
    { ...bridge, mac: undefined },
    {
      name: `br-${id.slice(0, 12)}`,
      mac: undefined,
      mtu: 1450,
      masquerade: true,
      adopted: false,
      interfacePrefix: 'eth',
    },
  );
  const { created: _, subnets: __, ...properties } = rest;
  assert.deepEqual(properties, {
    name: 'new',
    driver: 'bridge',
    scope: 'local',
    ipv4: true,
    ipv6: false,
    internal: false,
    attachable: false,
    options: {},
    labels: {},
    ipamDriver: 'default',
    ipamOptions: null,
  });
});

test('explicit fields win over the options that say the same, and take their place', () => {
  const made = make({ ipv6: false, options: { [`${P}enable_ipv6`]: 'true', [`${P}enable_ipv4`]: 'true', other: 'x' } });
  assert.deepEqual([made.ipv6, made.options], [false, { [`${P}enable_ipv4`]: 'true', other: 'x' }]);
  assert.equal(make({ options: { [`${P}enable_ipv6`]: 'true' } }).ipv6, true);
});

test('somebody else’s bridge is adopted', () => {
  assert.equal(make({ options: { [`${P}bridge.name`]: 'corp' } }).bridge?.adopted, true);
});

test('the host is asked only what has to be known', () => {
  const asked: string[] = [];
  const reserved = () => {
    asked.push('reserved');
    return [];
  };
  const foreignLink = (name: string) => void asked.push(name);
  const silent: NetworkSurroundings = { ...around, reserved, foreignLink };
  make({ ipam: { config: [{ subnet: '192.0.2.0/24' }] } }, silent);
  assert.deepEqual(asked, []);
  make({ options: { [`${P}bridge.name`]: 'fl0' } }, silent);
  assert.deepEqual(asked, ['fl0', 'reserved']);
});

const config = (...entries: object[]): Partial<NetworkRequest> => ({ ipam: { config: entries } });
const SWARM =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
const refused: readonly [Partial<NetworkRequest>, string, string | RegExp][] = [
  [{ name: '' }, 'invalid-argument', 'invalid name: name is empty'],
  [{ name: 'app' }, 'conflict', 'network with name app already exists'],
  ...['bridge', 'host', 'none', 'default']
    .map((name) => [{ name }, 'forbidden', `operation is not permitted on predefined ${name} network `] as const)
    .map(([request, code, message]): [Partial<NetworkRequest>, string, string] => [request, code, message]),
  [{ driver: 'host' }, 'forbidden', 'only one instance of "host" network is allowed'],
  [{ driver: 'null' }, 'forbidden', 'only one instance of "null" network is allowed'],
  [{ driver: 'overlay' }, 'forbidden', SWARM],
  [{ scope: 'swarm' }, 'forbidden', SWARM],
  [{ driver: 'weave' }, 'not-found', 'could not find plugin weave in v1 plugin registry: plugin not found'],
  [{ ipam: { driver: 'dhcpd' } }, 'not-found', 'could not find plugin dhcpd in v1 plugin registry: plugin not found'],
  [{ ipam: { driver: 'null' } }, 'invalid-argument', 'ipv4 pool is empty'],
  [{ ipv4: false }, 'invalid-argument', 'IPv4 or IPv6 must be enabled'],
  [
    { options: { [`${P}bridge.gateway_mode_ipv6`]: 'isolated' } },
    'invalid-argument',
    "gateway mode 'isolated' can only be used for an internal network",
  ],
  [
    config({ subnet: '10.1.0.0/24' }, { subnet: '10.2.0.0/24' }),
    'invalid-argument',
    "bridge driver doesn't support multiple subnets",
  ],
  [
    config({ subnet: '10.0.0.0/16' }),
    'forbidden',
    'invalid pool request: Pool overlaps with other one on this address space',
  ],
  [
    config({ subnet: '10.1.0.1/24' }),
    'invalid-argument',
    'invalid network config:\ninvalid subnet 10.1.0.1/24: it should be 10.1.0.0/24',
  ],
  [
    config({ subnet: '10.1.0.0/24', range: '10.0.0.0/8' }),
    'invalid-argument',
    'invalid network config:\ninvalid ip-range 10.0.0.0/8: CIDR block is bigger than its parent subnet 10.1.0.0/24',
  ],
  [
    config({ subnet: '10.1.0.0/24', range: '10.2.0.0/25' }),
    'invalid-argument',
    "invalid network config:\ninvalid ip-range 10.2.0.0/25: parent subnet 10.1.0.0/24 doesn't contain ip-range",
  ],
  [
    config({ subnet: '10.1.0.0/24', range: 'fd00::/64' }),
    'invalid-argument',
    'invalid network config:\ninvalid ip-range fd00::/64: parent subnet is an IPv4 block',
  ],
  [
    config({ subnet: '10.1.0.0/24', gateway: '10.2.0.1' }),
    'invalid-argument',
    "invalid network config:\ninvalid gateway 10.2.0.1: parent subnet 10.1.0.0/24 doesn't contain this address",
  ],
  [
    { ipv6: true, ...config({ subnet: 'fd01::/64', gateway: '10.2.0.1' }) },
    'invalid-argument',
    'invalid network config:\ninvalid gateway 10.2.0.1: parent subnet is an IPv6 block',
  ],
  [
    config({ subnet: '10.1.0.0/24', auxiliary: { r: '10.2.0.1' } }),
    'invalid-argument',
    "invalid network config:\ninvalid auxiliary address r: parent subnet 10.1.0.0/24 doesn't contain this address",
  ],
  [
    config({ subnet: '10.1.0.0/24', gateway: '10.1.0.0' }),
    'internal',
    'failed to allocate gateway (10.1.0.0): Address already in use',
  ],
  [{ options: { [`${P}bridge.name`]: 'eth0' } }, 'internal', 'existing interface eth0 is not a bridge'],
  [
    { options: { [`${P}bridge.name`]: 'br-app' } },
    'forbidden',
    /^cannot create network [0-9a-f]{64} \(br-app\): conflicts with network f{64} \(br-app\): networks have same bridge name$/,
  ],
];

for (const [request, code, message] of refused) {
  test(`a network that cannot be made: ${JSON.stringify(request)}`, () => {
    assert.throws(() => make(request), { code, message });
  });
}

test('two bridges on one subnet are refused even when they give addresses from different parts of it', () => {
  const [subnet] = present.subnets;
  assert.ok(subnet);
  const half = { ...present, subnets: [{ ...subnet, range: parsePrefix('10.0.0.0/25') }] };
  assert.throws(
    () => make(config({ subnet: '10.0.0.0/24', range: '10.0.0.128/25' }), { ...around, networks: [half] }),
    {
      code: 'forbidden',
      message:
        /^cannot create network [0-9a-f]{64} \(br-[0-9a-f]{12}\): conflicts with network f{64} \(br-app\): networks have overlapping IPv4$/,
    },
  );
});

test('when every subnet is taken the next network is refused', () => {
  const networks = localSubnetSources.map(({ base }) => ({ ...present, subnets: [{ subnet: base }] }));
  assert.throws(() => make({}, { ...around, networks }), {
    code: 'invalid-argument',
    message: 'all predefined address pools have been fully subnetted',
  });
});

test('the networks host and none have neither addresses nor a bridge', () => {
  for (const name of ['host', 'none'] as const) {
    const { driver, subnets, bridge } = fixedNetwork(name);
    assert.deepEqual([driver, subnets, bridge], [name === 'host' ? 'host' : 'null', [], undefined]);
  }
});
