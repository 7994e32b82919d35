import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress, parseMacAddress, parsePrefix } from '@fairlead/base';
import type { Network } from '@fairlead/engine';
import { presentEndpoint } from './endpoint-settings.ts';

const id = 'a'.repeat(64);
const subnets: Network['subnets'] = [
  { subnet: parsePrefix('10.1.0.0/24'), gateway: parseIpAddress('10.1.0.1') },
  { subnet: parsePrefix('10.2.0.0/16'), gateway: parseIpAddress('10.2.0.1') },
  { subnet: parsePrefix('fd01::/64'), gateway: parseIpAddress('fd01::1') },
  { subnet: parsePrefix('fd02::/80') },
];

function onParent(type: NonNullable<Network['parent']>['type'], more: Partial<Network> = {}): Network {
  return {
    ...{ id, name: 'lan', driver: type.kind, scope: 'local', created: 0, ipv4: true, ipv6: true, internal: false },
    ...{ attachable: false, options: {}, labels: {}, ipamDriver: 'default', ipamOptions: null, subnets },
    parent: { name: 'eth0', type, interfacePrefix: 'eth' },
    ...more,
  };
}

function shown(network: Network, ipv6: string): string {
  const endpoint = {
    ...{ id, sequence: 1, network: id, sandbox: id, owner: id, ownerName: 'web', hostname: 'web', config: {} },
    ipv4: parseIpAddress('10.2.0.9'),
    ipv6: parseIpAddress(ipv6),
    ...(network.driver === 'macvlan' && { mac: parseMacAddress('02:42:0a:02:00:09') }),
  };
  const wire = presentEndpoint({ name: 'lan', network, config: {}, endpoint, dnsNames: ['web'] }, 51, ['short']);
  const { MacAddress, IPPrefixLen, Gateway, GlobalIPv6PrefixLen, IPv6Gateway } = wire;
  return [MacAddress, IPPrefixLen, Gateway, GlobalIPv6PrefixLen, IPv6Gateway].join(' ');
}

const macvlan = onParent({ kind: 'macvlan', mode: 'bridge' });
const l3 = onParent({ kind: 'ipvlan', mode: 'l3', flag: 'bridge' });

const cases: readonly [string, Network, string, string][] = [
  ['the subnet of each address', macvlan, 'fd01::9', '02:42:0a:02:00:09 16 10.2.0.1 64 fd01::1'],
  ['a subnet without a gateway', macvlan, 'fd02::9', '02:42:0a:02:00:09 16 10.2.0.1 80 '],
  ['an internal network', { ...macvlan, internal: true }, 'fd01::9', '02:42:0a:02:00:09 16  64 '],
  ['ipvlan in layer 3 has no gateway, and no hardware address of its own', l3, 'fd01::9', ' 16  64 '],
  ['ipvlan in layer 2', onParent({ kind: 'ipvlan', mode: 'l2', flag: 'bridge' }), 'fd01::9', ' 16 10.2.0.1 64 fd01::1'],
];

for (const [name, network, ipv6, expected] of cases) {
  test(`an endpoint shows: ${name}`, () => assert.equal(shown(network, ipv6), expected));
}

test('a hardware address that was asked for is shown before the start', () => {
  const config = { macAddress: '02:42:ac:11:00:02' };
  const view = { name: 'lan', network: macvlan, config, endpoint: undefined, dnsNames: null };
  assert.equal(presentEndpoint(view, 41, ['short']).MacAddress, '02:42:ac:11:00:02');
  assert.equal(presentEndpoint({ ...view, config: {} }, 41, ['short']).MacAddress, '');
});

test('versions before 1.45 list the short identifier and the host name as aliases', () => {
  const endpoint = {
    id,
    sequence: 1,
    network: id,
    sandbox: id,
    owner: id,
    ownerName: 'web',
    hostname: 'h',
    config: {},
  };
  const view = { name: 'lan', network: macvlan, config: { aliases: ['www', 'h'] }, endpoint, dnsNames: ['web'] };
  assert.deepEqual(presentEndpoint(view, 44, ['short', 'h']).Aliases, ['www', 'h', 'short']);
  assert.deepEqual(presentEndpoint(view, 45, ['short', 'h']).Aliases, ['www', 'h']);
});
