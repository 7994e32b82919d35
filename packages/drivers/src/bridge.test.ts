import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInterfaceAddress, parseIpAddress, parseMacAddress } from '@fairlead/base';
import { bridgeEndpointObjects } from './bridge-endpoint.ts';
import { type BridgeNetwork, bridgeNetworkObjects } from './bridge-network.ts';
import { defaultRoutes } from './default-routes.ts';
import { isOwnAlias } from './owner.ts';

const network: BridgeNetwork = {
  id: 'a'.repeat(64),
  bridge: 'br-aaaaaaaaaaaa',
  mac: parseMacAddress('02:42:00:00:00:01'),
  mtu: 1500,
  gateways: [parseInterfaceAddress('172.18.0.1/16')],
  ipv6: false,
  forwards: true,
  adopted: false,
};

const endpoint = {
  id: 'b'.repeat(64),
  namespace: 'fl-web',
  hostInterface: 'vethbbbbbbb',
  hostMac: parseMacAddress('02:42:00:00:00:02'),
  interface: 'eth0',
  mac: parseMacAddress('02:42:00:00:00:03'),
  mtu: 1500,
  bridge: 'br-aaaaaaaaaaaa',
};

const sysctls = (objects: ReturnType<typeof bridgeNetworkObjects>) =>
  objects.filter((object) => object.kind === 'sysctl').map((object) => `${object.key}=${object.value}`);

test('a bridge has its MAC and MTU given and carries the gateway address', () => {
  const [link, ...rest] = bridgeNetworkObjects(network);
  assert.ok(link?.kind === 'link' && link.mac === network.mac && link.mtu === 1500 && link.up);
  assert.ok(isOwnAlias(link.alias));
  assert.deepEqual(rest.at(-1), { kind: 'address', namespace: '', link: network.bridge, address: '172.18.0.1/16' });
});

test('forwarding is switched on only for the families that leave the host', () => {
  assert.ok(sysctls(bridgeNetworkObjects(network)).includes('net.ipv4.ip_forward=1'));
  assert.ok(!sysctls(bridgeNetworkObjects(network)).some((line) => line.startsWith('net.ipv6.conf.all')));
  const dual = { ...network, ipv6: true, gateways: [...network.gateways, parseInterfaceAddress('fd00::1/64')] };
  assert.ok(sysctls(bridgeNetworkObjects(dual)).includes('net.ipv6.conf.all.forwarding=1'));
  const internal = sysctls(bridgeNetworkObjects({ ...dual, forwards: false }));
  assert.ok(!internal.some((line) => line.includes('forward')));
});

test('a bridge that was there before is configured but not made', () => {
  assert.ok(!bridgeNetworkObjects({ ...network, adopted: true }).some((object) => object.kind === 'link'));
});

test('a bridge is in the group that it is to be in', () => {
  const [link] = bridgeNetworkObjects({ ...network, group: 7 });
  assert.ok(link?.kind === 'link' && link.group === 7);
});

test('an interface name with a dot does not break its sysctl key', () => {
  assert.ok(
    sysctls(bridgeNetworkObjects({ ...network, bridge: 'br.7' })).includes('net.ipv4.conf.br/7.route_localnet=1'),
  );
});

test('a link too narrow for IPv6 is asked for none of its settings', () => {
  const narrow = { mtu: 1279, addresses: [parseInterfaceAddress('172.18.0.2/16')] };
  const onBridge = sysctls(bridgeNetworkObjects({ ...network, mtu: 1279 }));
  assert.deepEqual(onBridge, ['net.ipv4.conf.br-aaaaaaaaaaaa.route_localnet=1', 'net.ipv4.ip_forward=1']);
  assert.deepEqual(sysctls(bridgeEndpointObjects({ ...endpoint, ...narrow })), []);
  assert.deepEqual(sysctls(bridgeEndpointObjects({ ...endpoint, ...narrow, mtu: 1280 })), [
    'net.ipv6.conf.eth0.disable_ipv6=1',
  ]);
});

test('an endpoint without IPv6 has it switched off before its link comes up', () => {
  const objects = bridgeEndpointObjects({ ...endpoint, addresses: [parseInterfaceAddress('172.18.0.2/16')] });
  assert.deepEqual(
    objects.map((object) => object.kind),
    ['link', 'sysctl', 'address', 'link'],
  );
  assert.ok(
    objects.some(
      (object) => object.kind === 'sysctl' && object.key.endsWith('eth0.disable_ipv6') && object.value === '1',
    ),
  );
});

test('the outer veth end carries the inner one, and the inner end is only brought up', () => {
  const [outer, , , inner] = bridgeEndpointObjects({
    ...endpoint,
    addresses: [parseInterfaceAddress('172.18.0.2/16')],
  });
  assert.ok(outer?.kind === 'link' && outer.type.kind === 'veth' && outer.type.peer?.namespace === 'fl-web');
  assert.ok(outer.master === endpoint.bridge && isOwnAlias(outer.alias));
  assert.ok(inner?.kind === 'link' && inner.type.kind === 'veth' && inner.type.peer === undefined && inner.up);
});

test('the families of a sandbox may leave by different gateways', () => {
  const routes = defaultRoutes('fl-web', {
    ipv4: { link: 'eth0', via: parseIpAddress('172.18.0.1') },
    ipv6: { link: 'eth1', via: parseIpAddress('fd00::1') },
  });
  assert.deepEqual(
    routes.map((route) => [route.destination, route.via, route.link]),
    [
      ['0.0.0.0/0', '172.18.0.1', 'eth0'],
      ['::/0', 'fd00::1', 'eth1'],
    ],
  );
  assert.deepEqual(defaultRoutes('fl-web', {}), []);
});
