import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairleadError, parseInterfaceAddress, parseIpAddress, parseMacAddress, parsePrefix } from '@fairlead/base';
import { RemoteIpamDriver } from './ipam-driver.ts';
import { RemoteNetworkDriver } from './network-driver.ts';
import { PluginRefusal } from './plugin-error.ts';

/** Captured from dockerd 20.10.24 with the plugin of `test/lab/network-plugin.ts`, ids shortened. */

function network(answer: unknown): { driver: RemoteNetworkDriver; sent: unknown[] } {
  const sent: unknown[] = [];
  const call = async (method: string, body?: unknown) => {
    sent.push([method, body]);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { driver: new RemoteNetworkDriver({ call }), sent };
}

function ipam(answer: unknown) {
  const sent: unknown[] = [];
  const call = async (_: string, body?: unknown) => {
    sent.push(body);
    return answer;
  };
  return { driver: new RemoteIpamDriver({ call }), sent };
}

const key = { network: 'n', endpoint: 'e' };
const details = { exposed: [], ports: [], options: {} };
const cidr = parseInterfaceAddress;

test('a network is told with its pools, gateways and kept addresses', async () => {
  const { driver, sent } = network({});
  const pool = parsePrefix('10.50.0.0/24');
  const auxiliary = { r: cidr('10.50.0.9/24') };
  const subnet = { addressSpace: 'plug', pool, gateway: cidr('10.50.0.1/24'), auxiliary };
  const wanted = { id: 'n', options: { a: 'b' }, ipv6: false, internal: true, subnets4: [subnet], subnets6: [] };
  await driver.createNetwork(wanted);
  assert.deepEqual(sent, [
    [
      'NetworkDriver.CreateNetwork',
      {
        NetworkID: 'n',
        Options: {
          'com.docker.network.enable_ipv6': false,
          'com.docker.network.generic': { a: 'b' },
          'com.docker.network.internal': true,
        },
        IPv4Data: [
          { AddressSpace: 'plug', AuxAddresses: { r: '10.50.0.9/24' }, Gateway: '10.50.0.1/24', Pool: '10.50.0.0/24' },
        ],
        IPv6Data: [],
      },
    ],
  ]);
});

test('an endpoint is told with its ports; what was left open is the driver’s to choose, and nothing else', async () => {
  const given = { ipv4: cidr('10.0.0.2/24') };
  const { driver, sent } = network({ Interface: { MacAddress: '02:99:00:00:00:01' } });
  const ports = [
    { protocol: 'udp', port: 53, hostAddress: parseIpAddress('::1'), hostPort: 5, hostPortEnd: 6 },
  ] as const;
  const more = { exposed: [{ protocol: 'sctp', port: 1 }], ports, options: { k: 'v' } } as const;
  assert.deepEqual(await driver.createEndpoint(key, given, more), { mac: parseMacAddress('02:99:00:00:00:01') });
  const [[, body]] = sent as [[string, Record<string, unknown>]];
  assert.deepEqual(body['Interface'], { Address: '10.0.0.2/24', AddressIPv6: '', MacAddress: '' });
  assert.deepEqual(body['Options'], {
    k: 'v',
    'com.docker.network.endpoint.exposedports': [{ Proto: 132, Port: 1 }],
    'com.docker.network.portmap': [{ Proto: 17, IP: '', Port: 53, HostIP: '::1', HostPort: 5, HostPortEnd: 6 }],
  });
  const meddler = network({ Interface: { Address: '1.2.3.4/24' } }).driver;
  const reason = 'endpoint interface IP present (10.0.0.2/24). Cannot be modified with (1.2.3.4/24).';
  await assert.rejects(meddler.createEndpoint(key, given, details), {
    message: `driver modified interface address: ${reason}`,
  });
});

const joins: readonly [what: string, answer: unknown, expected: object | RegExp][] = [
  ['nothing', {}, { prefix: 'eth', routes: [], disableGatewayService: false }],
  [
    'nulls',
    { InterfaceName: null, StaticRoutes: null, Gateway: null },
    { prefix: 'eth', routes: [], disableGatewayService: false },
  ],
  ['no object', [1, 2], /json: cannot unmarshal array into Go value of type api\.JoinResponse/],
  [
    'a number for a name',
    { InterfaceName: { SrcName: 7 } },
    /cannot unmarshal number into Go struct field InterfaceName\.InterfaceName\.SrcName of type string$/,
  ],
  [
    'a text for an object',
    { InterfaceName: 'eth0' },
    /cannot unmarshal string into Go struct field JoinResponse\.InterfaceName of type api\.InterfaceName$/,
  ],
  [
    'a text for a flag',
    { DisableGatewayService: 'yes' },
    /cannot unmarshal string into Go struct field JoinResponse\.DisableGatewayService of type bool$/,
  ],
  [
    'an object for a list',
    { StaticRoutes: {} },
    /cannot unmarshal object into Go struct field JoinResponse\.StaticRoutes of type \[\]api\.StaticRoute$/,
  ],
  [
    'everything',
    {
      InterfaceName: { SrcName: 'v1', DstPrefix: 'net', DstName: 'ignored' },
      Gateway: '10.0.0.1',
      GatewayIPv6: 'fd00::1',
      StaticRoutes: [
        { Destination: '10.1.0.0/16', RouteType: 0, NextHop: '10.0.0.9' },
        { Destination: '::/0', RouteType: 1 },
      ],
      DisableGatewayService: true,
    },
    {
      source: 'v1',
      prefix: 'net',
      gateway: '10.0.0.1',
      gateway6: 'fd00::1',
      routes: [{ destination: '10.1.0.0/16', via: '10.0.0.9' }, { destination: '::/0' }],
      disableGatewayService: true,
    },
  ],
  ['a refusal', { Err: 'no' }, /^PluginRefusal|remote: no$/],
  ['a name with a slash', { InterfaceName: { SrcName: '../x' } }, /invalid interface name: "\.\.\/x"/],
  ['a long prefix', { InterfaceName: { SrcName: 'x', DstPrefix: 'a'.repeat(16) } }, /invalid interface name/],
  ['no gateway', { Gateway: 'here' }, /failed to parse Gateway: invalid IP address: here/],
  ['a route to nowhere', { StaticRoutes: [{ RouteType: 1 }] }, /invalid CIDR address/],
  ['a route by nobody', { StaticRoutes: [{ Destination: '10.0.0.0/8' }] }, /failed to parse nexthop IP/],
];

for (const [what, answer, expected] of joins) {
  test(`a join is answered with ${what}`, async () => {
    const joined = network(answer).driver.join(key, '/run/netns/x', details);
    if (expected instanceof RegExp) return await assert.rejects(joined, expected);
    assert.deepEqual(await joined, expected);
  });
}

test('a driver need not know how ports are reached, but may refuse to', async () => {
  await network(new FairleadError('not-implemented', 'x')).driver.programExternalConnectivity(key, details);
  await assert.rejects(network({ Err: 'no' }).driver.programExternalConnectivity(key, details), PluginRefusal);
  await network(new FairleadError('not-implemented', 'x')).driver.discover('New', {
    address: parseIpAddress('10.0.0.1'),
    self: true,
  });
});

test('the scope of a driver is local or global', async () => {
  assert.equal(await network({ Scope: 'global' }).driver.scope(), 'global');
  await assert.rejects(network({}).driver.scope(), {
    message: "invalid capability: expecting 'local' or 'global', got ",
  });
});

test('pools and addresses are asked for as Docker asks', async () => {
  const pools = ipam({ PoolID: 'p', Pool: '10.0.0.0/24', Data: { 'com.docker.network.gateway': '10.0.0.9/24' } });
  const request = { addressSpace: 's', options: { k: 'v' }, ipv6: false };
  assert.deepEqual(await pools.driver.requestPool(request), { id: 'p', pool: '10.0.0.0/24', gateway: '10.0.0.9/24' });
  assert.deepEqual(pools.sent, [{ AddressSpace: 's', Pool: '', SubPool: '', Options: { k: 'v' }, V6: false }]);
  const addresses = ipam({ Address: '10.0.0.5/24' });
  assert.equal(await addresses.driver.requestAddress('p', undefined, { gateway: true }), '10.0.0.5/24');
  await addresses.driver.requestAddress('p', parseIpAddress('10.0.0.5'), { mac: parseMacAddress('02:00:00:00:00:01') });
  await addresses.driver.requestAddress('p', undefined, {});
  assert.deepEqual(addresses.sent, [
    { PoolID: 'p', Address: '', Options: { RequestAddressType: 'com.docker.network.gateway' } },
    { PoolID: 'p', Address: '10.0.0.5', Options: { 'com.docker.network.endpoint.macaddress': '02:00:00:00:00:01' } },
    { PoolID: 'p', Address: '', Options: null },
  ]);
});

test('what is no pool and no address is refused in Go’s words', async () => {
  const request = { addressSpace: 's', options: {}, ipv6: false };
  await assert.rejects(ipam({ Pool: 'nonsense' }).driver.requestPool(request), {
    message: 'invalid CIDR address: nonsense',
  });
  await assert.rejects(ipam({}).driver.requestPool(request), { message: 'invalid CIDR address: ' });
  await assert.rejects(ipam({ Error: 'no' }).driver.requestPool(request), { message: 'remote: no' });
  await assert.rejects(ipam({ Pool: 5 }).driver.requestPool(request), {
    message: 'json: cannot unmarshal number into Go struct field RequestPoolResponse.Pool of type string',
  });
  await assert.rejects(ipam('here').driver.addressSpace(), {
    message: 'json: cannot unmarshal string into Go value of type api.GetAddressSpacesResponse',
  });
  await assert.rejects(ipam({ Address: '10.0.0.5' }).driver.requestAddress('p', undefined, {}), {
    message: 'invalid CIDR address: 10.0.0.5',
  });
});
