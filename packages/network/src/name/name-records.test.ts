import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DnsConfig, Sandbox } from '../model.ts';
import type { Joined } from '../route/gateway.ts';
import { FakeNameService } from '../testing/index.ts';
import { endpoint, network } from '../testing/samples.ts';
import { NameRecords } from './name-records.ts';

const app: Joined = { network: network(), endpoint: endpoint() };
const inner: Joined = { network: network({ id: 'i', name: 'inner', internal: true }), endpoint: endpoint({ id: 'x' }) };
const docker0: Joined = { network: network({ id: 'b', name: 'bridge' }), endpoint: endpoint({ id: 'y' }) };

const six: Joined = { network: network({ subnets: ['6'] }), endpoint: endpoint({ families: '6' }) };
const docker6: Joined = { ...docker0, network: network({ id: 'b', name: 'bridge', subnets: ['6'] }) };

function sandbox(dns: Partial<DnsConfig> = {}, more: Partial<Sandbox> = {}): Sandbox {
  return {
    id: 's',
    owner: 'c',
    ownerName: 'web',
    namespace: 'fl-web',
    ports: [],
    mappings: [],
    dns: { servers: [], search: [], options: [], ...dns },
    ...more,
  };
}

const plain = { hostUpstreams: ['192.0.2.53'], sandboxUpstreams: [], forward: true, ndots: false };
const services: readonly [string, Sandbox, readonly Joined[], object | undefined][] = [
  ['the default bridge has no names', sandbox(), [docker0], undefined],
  ['a network with names', sandbox(), [docker0, app], plain],
  ['only internal networks ask nobody outside', sandbox(), [inner], { ...plain, forward: false }],
  ['one that leads out is enough', sandbox(), [inner, app], plain],
  [
    'own servers are asked from inside',
    sandbox({ servers: ['8.8.8.8'] }),
    [app],
    { ...plain, hostUpstreams: [], sandboxUpstreams: ['8.8.8.8'] },
  ],
  ['a chosen ndots', sandbox({ options: ['ndots:1'] }), [app], { ...plain, ndots: true }],
  ['a container without IPv4 is served by IPv6', sandbox(), [docker6, six], { ...plain, servesIpv6: true }],
  ['a container with both asks as ever', sandbox(), [six, app], plain],
  [
    'what is served by IPv6 stays so',
    sandbox({}, { resolver: { udpPort: 1, tcpPort: 2, ipv6: { udpPort: 3, tcpPort: 4 } } }),
    [app],
    { ...plain, servesIpv6: true },
  ],
  [
    'a service that is there stays',
    sandbox({}, { resolver: { udpPort: 1, tcpPort: 2 } }),
    [],
    { ...plain, forward: false },
  ],
];

for (const [name, of, joined, expected] of services) {
  test(`name service: ${name}`, async () => {
    const names = new FakeNameService();
    const answer = await new NameRecords(names, () => 'nameserver 192.0.2.53\n').serve(of, joined);
    const served = names.sandboxes.get('s');
    if (expected === undefined) assert.deepEqual([answer, served], [undefined, undefined]);
    else assert.deepEqual(served, { id: 's', namespace: 'fl-web', ...expected, ...answer });
  });
}

test('an endpoint goes by its container’s name, its aliases, its short id and its host name, and has private links', async () => {
  const names = new FakeNameService();
  const records = new NameRecords(names, () => '');
  const config = { aliases: ['db', 'web', 'db'], links: ['redis:cache', 'plain'], gatewayPriority: 7 };
  const item: Joined = { network: network({ subnets: ['4', '6'] }), endpoint: endpoint({ families: '46', config }) };
  await records.publish(sandbox(), [item, docker0]);
  assert.deepEqual(
    [...names.endpoints.values()],
    [
      {
        id: 'e'.repeat(64),
        sandbox: 's'.repeat(64),
        network: 'n'.repeat(64),
        addresses: ['10.0.0.2', 'fd00::2'],
        containerName: 'web',
        aliases: ['db'],
        shortId: 'c'.repeat(12),
        hostname: 'web-host',
        links: [
          { target: 'redis', alias: 'cache' },
          { target: 'plain', alias: 'plain' },
        ],
        gatewayPriority: 7,
        internal: false,
        gatewayFamilies: 2,
      },
    ],
  );
  await records.withdraw(docker0);
  await records.withdraw(item);
  assert.deepEqual([...names.endpoints], []);
  assert.equal(names.calls.filter((call) => call === 'removeEndpoint').length, 1);
});
