import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '@fairlead/base';
import type { KernelObject } from '@fairlead/netlink';
import type { BridgeSettings, Network, Sandbox } from '../model.ts';
import type { PortBinding } from '../port/port-model.ts';
import type { Joined } from '../route/gateway.ts';
import { endpoint, network, parented } from '../testing/samples.ts';
import { endpointFragment, networkFragment, wholeSandboxFragment as whole } from './fragment.ts';

const sandbox: Sandbox = {
  id: 's'.repeat(64),
  owner: 'c'.repeat(64),
  ownerName: 'web',
  namespace: 'fl-web',
  ports: [],
  mappings: [],
  dns: { servers: [], search: [], options: [] },
};

/** What a sandbox asks for where the kernel can do everything. */
function wholeSandboxFragment(wanted: Sandbox, joined: readonly Joined[], options = { ingress: true }): KernelObject[] {
  return whole(wanted, joined, options);
}

/** A network with some bridge settings on top of the plain ones. */
function bridged(settings: Partial<BridgeSettings>, more: Parameters<typeof network>[0] = {}): Network {
  const plain = network(more);
  assert.ok(plain.bridge);
  return { ...plain, bridge: { ...plain.bridge, ...settings } };
}

/** The objects of some kinds, each in one line. */
function lines(objects: readonly KernelObject[], ...kinds: KernelObject['kind'][]): string[] {
  return objects
    .filter(({ kind }) => kinds.includes(kind))
    .map((object) => {
      switch (object.kind) {
        case 'address':
          return `${object.link} ${object.address}`;
        case 'element':
          return `${object.set} ${object.key.join(' . ')}${object.value ? ` : ${object.value.join(' . ')}` : ''}`;
        case 'sysctl':
          return `${object.key}=${object.value}`;
        case 'route':
          return `${object.destination} via ${object.via} dev ${object.link}`;
        default:
          return object.kind;
      }
    });
}

const networks: readonly [string, Network, readonly string[]][] = [
  [
    'a plain network',
    network(),
    ['br-app 10.0.0.1/24', 'bridges br-app', 'same_bridge br-app . br-app', 'reachable br-app', 'masquerade4 br-app'],
  ],
  [
    'both families',
    network({ subnets: ['4', '6'] }),
    [
      'br-app 10.0.0.1/24',
      'br-app fd00::1/64',
      'bridges br-app',
      'same_bridge br-app . br-app',
      'reachable br-app',
      'masquerade4 br-app',
      'masquerade6 br-app',
    ],
  ],
  [
    'an internal network',
    network({ internal: true }),
    ['br-app 10.0.0.1/24', 'bridges br-app', 'same_bridge br-app . br-app', 'internal br-app', 'unrelayed br-app'],
  ],
  [
    'without masquerading',
    bridged({ masquerade: false }),
    ['br-app 10.0.0.1/24', 'bridges br-app', 'same_bridge br-app . br-app', 'reachable br-app'],
  ],
  [
    'containers that may not talk',
    bridged({ icc: false }),
    [
      'br-app 10.0.0.1/24',
      'bridges br-app',
      'same_bridge br-app . br-app',
      'reachable br-app',
      'separated br-app . br-app',
      'masquerade4 br-app',
    ],
  ],
  [
    'a routed network',
    bridged({ gatewayModes: { ipv4: 'routed' } }),
    ['br-app 10.0.0.1/24', 'bridges br-app', 'same_bridge br-app . br-app', 'reachable br-app', 'routed4 br-app'],
  ],
  [
    'an open network',
    bridged({ gatewayModes: { ipv4: 'nat-unprotected' } }),
    [
      'br-app 10.0.0.1/24',
      'bridges br-app',
      'same_bridge br-app . br-app',
      'reachable br-app',
      'masquerade4 br-app',
      'open4 br-app',
    ],
  ],
  [
    'trusted interfaces',
    bridged({ trustedInterfaces: ['eth0', 'wg0'] }),
    [
      'br-app 10.0.0.1/24',
      'bridges br-app',
      'same_bridge br-app . br-app',
      'reachable br-app',
      'trusted eth0 . br-app',
      'trusted wg0 . br-app',
      'masquerade4 br-app',
    ],
  ],
  [
    'a bridge without IPv4',
    bridged({ inhibitIpv4: true }),
    ['bridges br-app', 'same_bridge br-app . br-app', 'reachable br-app', 'masquerade4 br-app'],
  ],
];

for (const [name, item, expected] of networks) {
  test(`network fragment: ${name}`, () =>
    assert.deepEqual(lines(networkFragment(item), 'address', 'element'), expected));
}

test('host and none ask for nothing', () => {
  const { bridge: _, ...rest } = network();
  assert.deepEqual(networkFragment(rest), []);
  assert.deepEqual(wholeSandboxFragment({ ...sandbox, namespace: '' }, [{ network: rest, endpoint: endpoint() }]), []);
});

test('an endpoint has its addresses, those of the link itself, and its settings', () => {
  const options = {
    'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.neigh.IFNAME.mcast_solicit=5',
  };
  const config = { linkLocalAddresses: ['169.254.7.7', 'fe80::7'], driverOptions: options };
  const joined: Joined = { network: bridged({ icc: false }), endpoint: endpoint({ config, interface: 'eth0.5' }) };
  const objects = endpointFragment(joined, 'fl-web');
  assert.deepEqual(lines(objects, 'address', 'sysctl'), [
    'net.ipv6.conf.eth0/5.disable_ipv6=0',
    'eth0.5 10.0.0.2/24',
    'eth0.5 169.254.7.7/16',
    'eth0.5 fe80::7/64',
    'net.ipv4.conf.eth0/5.log_martians=1',
    'net.ipv4.neigh.eth0/5.mcast_solicit=5',
  ]);
  const [outer] = objects;
  assert.ok(
    outer?.kind === 'link' && outer.port?.isolated === true,
    'frames between the ports of a bridge pass no table',
  );
});

const ports: readonly PortBinding[] = [{ protocol: 'tcp', containerPort: 80, hostPorts: { first: 8080, last: 8080 } }];
const mappings: Sandbox['mappings'] = ['0.0.0.0', '::'].map((address) => ({
  protocol: 'tcp',
  hostAddress: address as Sandbox['mappings'][number]['hostAddress'],
  hostPorts: { first: 8080, last: 8080 },
  containerPorts: { first: 80, last: 80 },
}));

const published: readonly [string, Joined, readonly string[]][] = [
  [
    'both families go to the container’s own address of each',
    { network: network({ subnets: ['4', '6'] }), endpoint: endpoint({ families: '46' }) },
    [
      '0.0.0.0/0 via 10.0.0.1 dev eth0',
      '::/0 via fd00::1 dev eth0',
      'publish4 tcp . 8080 : 10.0.0.2 . 80',
      'publish6 tcp . 8080 : fd00::2 . 80',
      'relay6 tcp . 8080',
    ],
  ],
  [
    'a container without IPv6 is reached over IPv6 by the relay',
    { network: network(), endpoint: endpoint() },
    ['0.0.0.0/0 via 10.0.0.1 dev eth0', 'publish4 tcp . 8080 : 10.0.0.2 . 80', 'relay6 tcp . 8080'],
  ],
  ['an internal network leads nowhere', { network: network({ internal: true }), endpoint: endpoint() }, []],
];

for (const [name, joined, expected] of published) {
  test(`sandbox fragment: ${name}`, () => {
    assert.deepEqual(
      lines(wholeSandboxFragment({ ...sandbox, ports, mappings }, [joined]), 'route', 'element'),
      expected,
    );
  });
}

test('a routed network opens the container’s ports, whichever network is the gateway', () => {
  const routed = bridged({ gatewayModes: { ipv4: 'routed' } }, { id: 'r', name: 'z' });
  const joined = [
    { network: network(), endpoint: endpoint() },
    { network: routed, endpoint: endpoint({ id: 'x', interface: 'eth1' }) },
  ];
  const elements = lines(
    wholeSandboxFragment({ ...sandbox, ports, mappings: mappings.slice(0, 1) }, joined),
    'element',
  );
  assert.deepEqual(elements, ['publish4 tcp . 8080 : 10.0.0.2 . 80', 'routed_ports4 10.0.0.2 . tcp . 80']);
});

for (const ingress of [true, false]) {
  test(`a sandbox with names has tables that lead to the name service, ${ingress ? '' : 'one '}for answers too`, () => {
    const resolver = { udpPort: 4000, tcpPort: 4001 };
    const objects = wholeSandboxFragment({ ...sandbox, resolver }, [], { ingress });
    assert.deepEqual(
      objects.map((object) => (object.kind === 'table' ? object.definition.name : object.kind)),
      ['namespace', ...(ingress ? ['fairlead-answers'] : []), 'fairlead'],
    );
  });
}

test('where the name service is asked by IPv6 it has an address and a table for it', () => {
  const resolver = { udpPort: 4000, tcpPort: 4001, ipv6: { udpPort: 4002, tcpPort: 4003 } };
  const objects = wholeSandboxFragment({ ...sandbox, resolver }, []);
  assert.deepEqual(lines(objects, 'address', 'sysctl'), [
    'net.ipv6.conf.lo.disable_ipv6=0',
    'lo fd66:6c64:6e73::53/128',
  ]);
  const tables = objects.flatMap((object) => (object.kind === 'table' ? object.definition.family : []));
  assert.deepEqual(tables, ['netdev', 'ip', 'ip6']);
});

test('a network on a parent asks for what it made, and for nothing where the parent was there', () => {
  assert.deepEqual(networkFragment(parented()), []);
  const made = { name: 'eth0.5', owner: 'n'.repeat(64), link: { kind: 'vlan', parent: 'eth0', id: 5 } } as const;
  const [vlan, ...rest] = networkFragment(parented({ name: 'eth0.5', made }));
  assert.ok(vlan?.kind === 'link' && vlan.name === 'eth0.5' && rest.length === 0);
});

test('an endpoint on a parent is one link with its addresses; ports are not published by it', () => {
  const subnets = [{ subnet: parsePrefix('192.0.2.0/24') }, { subnet: parsePrefix('10.0.0.0/16') }];
  const config = { linkLocalAddresses: ['169.254.7.7'] };
  const joined = { network: { ...parented({ mtu: 1400 }), subnets }, endpoint: endpoint({ config }) };
  const objects = wholeSandboxFragment({ ...sandbox, ports, mappings }, [joined]);
  assert.deepEqual(lines(objects, 'address', 'route', 'element', 'sysctl'), [
    'net.ipv6.conf.eth0.disable_ipv6=1',
    'eth0 10.0.0.2/16',
    'eth0 169.254.7.7/16',
  ]);
  const links = objects.filter((object) => object.kind === 'link');
  assert.deepEqual(
    links.map(({ type, mac, mtu, madeIn }) => ({ type, mac, mtu, madeIn })),
    [{ type: { kind: 'macvlan', parent: 'eth0', mode: 'bridge' }, mac: '02:00:00:00:00:02', mtu: 1400, madeIn: '' }],
  );
});

test('ports stay on the bridge that is the gateway of one family', () => {
  const six = network({ name: 'six', subnets: ['6'] });
  const joined = [
    { network: parented(), endpoint: endpoint() },
    { network: six, endpoint: endpoint({ families: '6', interface: 'eth1', id: 'x' }) },
  ];
  assert.deepEqual(lines(wholeSandboxFragment({ ...sandbox, ports, mappings }, joined), 'route', 'element'), [
    '0.0.0.0/0 via 10.0.0.1 dev eth0',
    '::/0 via fd00::1 dev eth1',
    'publish6 tcp . 8080 : fd00::2 . 80',
    'relay6 tcp . 8080',
  ]);
});

test('the layer 3 modes of ipvlan lead out by the link', () => {
  const type = { kind: 'ipvlan', mode: 'l3', flag: 'bridge' } as const;
  const { mac: _, ...bare } = endpoint({ families: '46' });
  const joined = { network: parented({ type }, { driver: 'ipvlan', subnets: ['4', '6'] }), endpoint: bare };
  assert.deepEqual(lines(wholeSandboxFragment(sandbox, [joined]), 'route'), [
    '0.0.0.0/0 via undefined dev eth0',
    '::/0 via undefined dev eth0',
  ]);
});
