import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '@fairlead/base';
import { FakeEngine } from '../testing/index.ts';
import { Filters } from './filters.ts';
import { decodeJson } from './go-json.ts';
import {
  networkCreateSchema,
  parseNetworkCreate,
  presentNetwork,
  presentNetworkWithContainers,
  presentStatus,
} from './network.ts';
import { networkFilterKeys, selectNetworks } from './network-filters.ts';

test('a request becomes what the network model takes', () => {
  const wire = decodeJson(
    networkCreateSchema,
    {
      Name: 'app',
      CheckDuplicate: true,
      EnableIPv4: true,
      EnableIPv6: false,
      IPAM: { Options: { a: 'b' }, Config: [{ Subnet: '10.1.0.0/16', AuxiliaryAddresses: { r: '10.1.0.9' } }] },
      Labels: null,
    },
    'CreateRequest',
  );
  const common = {
    name: 'app',
    ipv6: false,
    internal: false,
    attachable: false,
    configOnly: false,
    options: {},
    labels: {},
    ipam: { options: { a: 'b' }, config: [{ subnet: '10.1.0.0/16', auxiliary: { r: '10.1.0.9' } }] },
  };
  assert.deepEqual(parseNetworkCreate(wire, 48), { ...common, ipv4: true });
  assert.deepEqual(parseNetworkCreate(wire, 47), common);
});

test('a network has the keys of its version in the order of Docker', async () => {
  const engine = new FakeEngine();
  await engine.networks.create({ name: 'app', labels: { a: 'b' } });
  const { network, endpoints } = engine.networks.inspect('app');
  const names = ['Name', 'Id', 'Created', 'Scope', 'Driver', 'EnableIPv4', 'EnableIPv6', 'IPAM', 'Internal'];
  const rest = ['Attachable', 'Ingress', 'ConfigFrom', 'ConfigOnly', 'Options', 'Labels'];
  assert.deepEqual(Object.keys(presentNetwork(network, 51)), [...names, ...rest]);
  assert.equal('EnableIPv4' in presentNetwork(network, 47), false);
  assert.deepEqual(presentNetworkWithContainers(network, endpoints, 51).Containers, {});
  assert.equal(presentNetwork(network, 51).IPAM.Options, null);
});

test('of a network of a swarm that nobody here is on, who is on it is not known', async () => {
  const engine = new FakeEngine();
  await engine.networks.create({ name: 'app' });
  const { network } = engine.networks.inspect('app');
  const far = { ...network, scope: 'swarm' } as const;
  const shown = presentNetworkWithContainers(far, [], 41);
  assert.deepEqual([shown.Containers, shown.Labels, shown.Scope], [null, null, 'swarm']);
  assert.deepEqual(presentNetworkWithContainers({ ...far, labels: { a: 'b' } }, [], 41).Labels, { a: 'b' });
  const ingress = presentNetworkWithContainers({ ...far, ingress: true }, [], 41);
  assert.deepEqual([ingress.Containers, ingress.Labels, ingress.Ingress], [{}, {}, true]);
});

test('the newest version shows how much of each subnet is used, as far as Docker counts', () => {
  const usage = [
    { subnet: parsePrefix('10.0.0.0/24'), inUse: 4n, available: 252n },
    { subnet: parsePrefix('fd00::/48'), inUse: 2n, available: 2n ** 80n },
  ];
  assert.equal(
    JSON.stringify(presentStatus(usage, 51)),
    '{"Status":{"IPAM":{"Subnets":{"10.0.0.0/24":{"IPsInUse":4,"DynamicIPsAvailable":252},' +
      '"fd00::/48":{"IPsInUse":2,"DynamicIPsAvailable":18446744073709551615}}}}}',
  );
  assert.deepEqual([presentStatus(usage, 50), presentStatus([], 51)], [{}, {}]);
});

test('containers are shown under their ids with address and length', async () => {
  const engine = new FakeEngine();
  const { network } = engine.networks.inspect('bridge');
  engine.networks.join(network, 'a'.repeat(64), 'web', {});
  const { endpoints } = engine.networks.inspect('bridge');
  const Containers = presentNetworkWithContainers(network, endpoints, 51).Containers ?? {};
  assert.deepEqual(Containers['a'.repeat(64)], {
    Name: 'web',
    EndpointID: endpoints[0]?.id,
    MacAddress: '02:42:ac:11:00:01',
    IPv4Address: '172.17.0.2/16',
    IPv6Address: '',
  });
});

test('networks are filtered as Docker filters them', async () => {
  const engine = new FakeEngine();
  await engine.networks.create({ name: 'app-one', labels: { team: 'a' } });
  const { network: used } = engine.networks.inspect((await engine.networks.create({ name: 'app-two' })).id);
  const select = async (filter: object): Promise<string> =>
    selectNetworks(
      engine.networks.list(),
      await Filters.parse(JSON.stringify(filter), networkFilterKeys).withExpressions('id', 'name'),
      (network) => network === used,
    )
      .map(({ name }) => name)
      .join();
  for (const [filter, expected] of [
    [{ name: ['app'] }, 'app-one,app-two'],
    [{ name: ['^app-one$'] }, 'app-one'],
    [{ name: ['app-o', 'host'] }, 'host,app-one'],
    [{ type: ['builtin'] }, 'bridge,host,none'],
    [{ type: ['custom'], label: ['team=a'] }, 'app-one'],
    [{ driver: ['null'] }, 'none'],
    [{ driver: ['nul'] }, ''],
    [{ dangling: ['true'] }, 'app-one'],
    [{ dangling: ['0'], type: ['custom'] }, 'app-two'],
    [{ id: [used.id.slice(4, 40)] }, 'app-two'],
    [{ scope: ['swarm'] }, ''],
  ] as const) {
    assert.equal(await select(filter), expected, JSON.stringify(filter));
  }
});
