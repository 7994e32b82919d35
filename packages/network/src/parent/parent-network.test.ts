import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '@fairlead/base';
import { localSubnetSources, uniqueLocalSource } from '@fairlead/ipam';
import type { Network } from '../model.ts';
import { makeNetwork } from '../network/network-factory.ts';
import type { IpamRequest, NetworkRequest } from '../network/network-request.ts';
import type { NetworkSurroundings } from '../network/network-surroundings.ts';
import { network } from '../testing/samples.ts';

const around: NetworkSurroundings = {
  networks: [],
  sources: [...localSubnetSources, uniqueLocalSource('engine')],
  reserved: () => [],
  mtu: 1450,
  foreignLink: () => 'other',
  hasLink: (name) => name === 'eth0' || name === 'eth0.9',
  makes: () => true,
};

/** A host with these networks. */
function beside(...networks: Network[]): NetworkSurroundings {
  return { ...around, networks };
}

function make(options: Record<string, string>, more: Partial<NetworkRequest> = {}, surroundings = around): Network {
  return makeNetwork({ name: 'lan', driver: 'macvlan', options, ...more }, surroundings);
}

const ipvlan = { driver: 'ipvlan' };
const config = (...entries: IpamRequest[]): Partial<NetworkRequest> => ({ ipam: { config: entries } });

test('a parent that is there is used as it is', () => {
  const { driver, bridge, parent, internal, options } = make({ parent: 'eth0' });
  assert.deepEqual(
    { driver, bridge, parent, internal, options },
    {
      driver: 'macvlan',
      bridge: undefined,
      parent: { name: 'eth0', type: { kind: 'macvlan', mode: 'bridge' }, interfacePrefix: 'eth' },
      internal: false,
      options: { parent: 'eth0' },
    },
  );
  assert.equal(make({ parent: 'eth0.9' }).parent?.made, undefined);
});

test('a VLAN that is not there is made with the network', () => {
  const { id, parent } = make({ parent: 'eth0.50' });
  assert.deepEqual(parent?.made, { name: 'eth0.50', owner: id, link: { kind: 'vlan', parent: 'eth0', id: 50 } });
});

test('a VLAN that another network made is shared, and made anew with either', () => {
  const first = make({ parent: 'eth0.50' });
  const second = make({ parent: 'eth0.50' }, { name: 'second' }, beside(first));
  assert.deepEqual(second.parent?.made, first.parent?.made);
});

for (const [driver, prefix] of [
  ['macvlan', 'dm'],
  ['ipvlan', 'di'],
] as const) {
  test(`${driver} without a parent gets one that leads nowhere, and is internal`, () => {
    const { id, parent, internal } = make({}, { driver });
    const name = `${prefix}-${id.slice(0, 12)}`;
    assert.ok(internal && parent?.name === name);
    assert.deepEqual([parent.made?.name, parent.made?.owner, parent.made?.link.kind], [name, id, 'dummy']);
  });
}

test('a parent that leads nowhere has the hardware address of the one container that it is passed through to', () => {
  const { parent } = make({ macvlan_mode: 'passthru' });
  assert.deepEqual(parent?.made?.link, { kind: 'dummy' });
});

const subnets: readonly [string, Partial<NetworkRequest>, readonly object[]][] = [
  ['no gateway is made up', config({ subnet: '192.0.2.0/24' }), [{ subnet: '192.0.2.0/24' }]],
  ['a chosen subnet has none either', {}, [{ subnet: '172.17.0.0/16' }]],
  [
    'a gateway that is given is kept from containers',
    config({ subnet: '192.0.2.0/24', range: '192.0.2.64/26', gateway: '192.0.2.1', auxiliary: { host: '192.0.2.65' } }),
    [{ subnet: '192.0.2.0/24', range: '192.0.2.64/26', gateway: '192.0.2.1', auxiliary: { host: '192.0.2.65' } }],
  ],
  [
    'several of each family, IPv4 first',
    {
      ipv6: true,
      ...config(
        { subnet: 'fd01::/64' },
        { subnet: '192.0.2.0/24' },
        { subnet: 'fd02::/64' },
        { subnet: '10.9.0.0/24' },
      ),
    },
    ['192.0.2.0/24', '10.9.0.0/24', 'fd01::/64', 'fd02::/64'].map((subnet) => ({ subnet })),
  ],
];

for (const [name, request, expected] of subnets) {
  test(`subnets of a parent network: ${name}`, () =>
    assert.deepEqual(make({ parent: 'eth0' }, request).subnets, expected));
}

test('networks may give addresses from different parts of one subnet', () => {
  const half = (range: string) => config({ subnet: '192.0.2.0/24', range });
  const first = make({ parent: 'eth0' }, half('192.0.2.0/25'));
  const second = make({ parent: 'eth0' }, { name: 'second', ...half('192.0.2.128/25') }, beside(first));
  assert.equal(second.subnets[0]?.range, '192.0.2.128/25');
  const bridge = makeNetwork({ name: 'b', ...half('192.0.2.128/25') }, beside(first));
  assert.equal(bridge.subnets[0]?.gateway, '192.0.2.128');
});

const overlap = 'invalid pool request: Pool overlaps with other one on this address space';
const lan = make({ parent: 'eth0' }, config({ subnet: '192.0.2.0/24' }));
const trunk = make({ parent: 'eth0', macvlan_mode: 'passthru' });
const routed = make({ parent: 'eth0' }, ipvlan);
const short = ({ id }: Network) => id.slice(0, 12);

const refused: readonly [
  string,
  Record<string, string>,
  Partial<NetworkRequest>,
  NetworkSurroundings,
  string,
  string,
][] = [
  ['a subnet that is taken', { parent: 'eth0' }, config({ subnet: '192.0.2.0/25' }), beside(lan), 'forbidden', overlap],
  [
    'a subnet twice',
    { parent: 'eth0' },
    config({ subnet: '192.0.2.0/24' }, { subnet: '192.0.2.128/25' }),
    around,
    'forbidden',
    overlap,
  ],
  [
    'a missing interface',
    { parent: 'eth7' },
    {},
    around,
    'invalid-argument',
    'invalid subinterface vlan name eth7, example formatting is eth0.10',
  ],
  [
    'a VLAN of a missing interface',
    { parent: 'eth7.5' },
    {},
    around,
    'invalid-argument',
    '-o parent interface was not found on the host: eth7',
  ],
  [
    'a VLAN that is no number',
    { parent: 'eth0.x' },
    {},
    around,
    'invalid-argument',
    'unable to parse a valid vlan id from: x (ex. eth0.10 for vlan 10)',
  ],
  [
    'a VLAN in a VLAN',
    { parent: 'eth0.5.6' },
    {},
    around,
    'invalid-argument',
    'required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received eth0.5.6',
  ],
  ...['0', '4095', '-3'].map((id): (typeof refused)[number] => [
    `VLAN ${id}`,
    { parent: `eth0.${id}` },
    {},
    around,
    'invalid-argument',
    `vlan id must be between 1-4094, received: ${id}`,
  ]),
  [
    'a name that is too long for an interface',
    { parent: 'enp0s31f6extra.4000' },
    {},
    around,
    'invalid-argument',
    'invalid subinterface vlan name enp0s31f6extra.4000, example formatting is eth0.10',
  ],
  [
    'passthru beside another network',
    { parent: 'eth0', macvlan_mode: 'passthru' },
    {},
    beside(lan),
    'forbidden',
    `cannot use mode passthru, macvlan network ${short(lan)} is already using parent interface eth0`,
  ],
  [
    'another network beside passthru',
    { parent: 'eth0' },
    {},
    beside(trunk),
    'forbidden',
    `macvlan network ${short(trunk)} is already using parent interface eth0 in mode passthru`,
  ],
  [
    'ipvlan beside ipvlan',
    { parent: 'eth0' },
    ipvlan,
    beside(routed),
    'forbidden',
    `network di-${short(routed)} is already using parent interface eth0`,
  ],
  [
    'ipvlan beside macvlan',
    { parent: 'eth0' },
    ipvlan,
    beside(lan),
    'forbidden',
    `network dm-${short(lan)} is already using parent interface eth0`,
  ],
  [
    'macvlan beside ipvlan',
    { parent: 'eth0' },
    {},
    beside(routed),
    'forbidden',
    `network di-${short(routed)} is already using parent interface eth0`,
  ],
  ['no IP version', { parent: 'eth0' }, { ipv4: false }, around, 'invalid-argument', 'IPv4 or IPv6 must be enabled'],
];

for (const [name, options, request, surroundings, code, message] of refused) {
  test(`a parent network that cannot be made: ${name}`, () => {
    assert.throws(() => make(options, { name: 'new', ...request }, surroundings), { code, message });
  });
}

const missing: readonly [string, Record<string, string>, Partial<NetworkRequest>, string][] = [
  ['macvlan', { parent: 'eth0' }, {}, 'macvlan'],
  ['ipvlan', { parent: 'eth0' }, ipvlan, 'ipvlan'],
  ['vlan', { parent: 'eth0.50' }, {}, '8021q'],
  ['dummy', {}, {}, 'dummy'],
];

for (const [kind, options, request, module] of missing) {
  test(`a kernel without links of kind ${kind} is told by its module`, () => {
    const poor = { ...around, makes: (wanted: string) => wanted !== kind };
    const message = `this kernel makes no links of kind ${kind}: its module ${module} is missing`;
    assert.throws(() => make(options, request, poor), { code: 'not-implemented', message });
  });
}

test('a bridge network is not in the way of others', () => {
  const bridge = { ...network(), subnets: [{ subnet: parsePrefix('198.51.100.0/24') }] };
  assert.equal(make({ parent: 'eth0' }, {}, beside(bridge)).parent?.name, 'eth0');
});
