import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addressOf, parseInterfaceAddress, parseIpAddress, parsePrefix } from '@fairlead/base';
import type { HostConfiguration } from '@fairlead/dhcp';
import type { KernelObject } from '@fairlead/netlink';
import { networkFragment, wholeSandboxFragment } from '../kernel/fragment.ts';
import type { Endpoint, Network, Sandbox } from '../model.ts';
import { endpoint, network, parented } from '../testing/samples.ts';

const lan = { name: 'lan', ipamDriver: 'dhcp', subnets: [], ipv4: true, ipv6: true };
const onParent = parented({}, lan);
const onBridge = network(lan);
const sandbox: Sandbox = {
  ...{ id: 's', owner: 'o', ownerName: 'web', namespace: 'fl-web', mappings: [] },
  ports: [{ protocol: 'tcp', containerPort: 80 }],
  dns: { servers: [], search: [], options: [] },
};

/** What one endpoint that was told something asks of the kernel, as far as it is not the link itself. */
function asked(told: Endpoint['lan'], on: Network = onParent): string[] {
  const { ipv4, ipv6 } = told ?? {};
  const addresses = {
    ...(ipv4 && { ipv4: addressOf(ipv4.address) }),
    ...(ipv6 && { ipv6: addressOf(ipv6.address) }),
  };
  const host = endpoint({ families: '', ...addresses, ...(told && { lan: told }) });
  return wholeSandboxFragment(sandbox, [{ endpoint: host, network: on }], { ingress: true }).flatMap(words);
}

function words(object: KernelObject): string[] {
  switch (object.kind) {
    case 'address':
      return [object.address];
    case 'route':
      return [
        `${object.destination}${object.via ? ` via ${object.via}` : ''}${object.scope ? ` ${object.scope}` : ''}`,
      ];
    case 'sysctl':
      return [`${object.key.split('.').at(-1)}=${object.value}`];
    case 'link':
      return object.mtu === undefined || object.namespace === '' ? [] : [`mtu ${object.mtu}`];
    case 'element':
      return [object.set];
    default:
      return [];
  }
}

const plain: HostConfiguration = {
  address: parseInterfaceAddress('192.0.2.9/24'),
  gateway: parseIpAddress('192.0.2.1'),
  routes: [],
  nameServers: [],
  search: [],
};
const settings = ['disable_ipv6=0', 'promote_secondaries=1', 'accept_ra=0', 'accept_dad=0'];

describe('what an endpoint on a LAN asks of the kernel', () => {
  test('nothing but its link and its settings before the LAN has said anything', () => {
    assert.deepEqual(asked(undefined), settings);
  });

  test('address and way out in both families, and the smaller MTU', () => {
    const router = parseIpAddress('fe80::1');
    const ipv6 = { ...plain, address: parseInterfaceAddress('2001:db8::9/64'), gateway: router, mtu: 1400 };
    assert.deepEqual(asked({ ipv4: { ...plain, mtu: 1450 }, ipv6 }), [
      ...['0.0.0.0/0 via 192.0.2.1', '::/0 via fe80::1', 'mtu 1400'],
      ...[settings[0], '192.0.2.9/24', '2001:db8::9/64', ...settings.slice(1)],
    ]);
  });

  test('a way to routers of other subnets before what is reached by them', () => {
    const address = parseInterfaceAddress('192.0.2.9/32');
    const routes = [
      { destination: parsePrefix('198.51.100.0/24'), via: parseIpAddress('192.0.2.3') },
      { destination: parsePrefix('203.0.113.0/24') },
    ];
    assert.deepEqual(asked({ ipv4: { ...plain, address, routes } }).slice(0, 5), [
      '192.0.2.1/32 link',
      '192.0.2.3/32 link',
      '203.0.113.0/24 link',
      '198.51.100.0/24 via 192.0.2.3',
      '0.0.0.0/0 via 192.0.2.1',
    ]);
  });

  test('no way out of an internal network', () => {
    const routes = [{ destination: parsePrefix('198.51.100.0/24'), via: parseIpAddress('192.0.2.3') }];
    const told = asked({ ipv4: { ...plain, routes } }, { ...onParent, internal: true });
    assert.ok(told.includes('192.0.2.9/24') && !told.some((word) => word.includes('via')), told.join());
  });

  test('no port and nothing of the bridge where the LAN’s interface is in one', () => {
    assert.deepEqual(networkFragment(onBridge), []);
    const told = asked({ ipv4: plain }, onBridge);
    assert.ok(told.includes('192.0.2.9/24') && told.includes('mtu 1500'), told.join());
    assert.ok(!told.some((word) => word.includes('ports')), told.join());
  });
});
