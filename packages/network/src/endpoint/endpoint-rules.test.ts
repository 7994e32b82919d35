import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointConfig, Network } from '../model.ts';
import { endpoint, network, parented } from '../testing/samples.ts';
import { requirePlausibleEndpoint, requireRoom, requireValidEndpoint } from './endpoint-rules.ts';
import { endpointSysctls } from './endpoint-sysctls.ts';

const app = network({ subnets: ['4', '6'] });
const docker0 = network({ name: 'bridge' });
const SYSCTLS = 'com.docker.network.endpoint.sysctls';

const fine: readonly [Network, EndpointConfig][] = [
  [app, {}],
  [app, { ipv4Address: '10.0.0.9', ipv6Address: 'FD00::9', macAddress: '02-42-AC-11-00-02', aliases: ['db'] }],
  [app, { ipv4Address: '', ipv6Address: '', macAddress: '', linkLocalAddresses: ['169.254.7.7', 'fe80::7'] }],
  [app, { driverOptions: { [SYSCTLS]: 'net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.IFNAME.accept_ra=2' } }],
  [docker0, { aliases: [], macAddress: '02:42:ac:11:00:02' }],
];

for (const [on, config] of fine) {
  test(`endpoint: ${JSON.stringify(config)} can be had on ${on.name}`, () => requireValidEndpoint(on, config));
}

const lan = parented();
const routed = parented({ type: { kind: 'ipvlan', mode: 'l3', flag: 'bridge' } }, { name: 'routed', driver: 'ipvlan' });

test('a network on a parent is one that users define', () => {
  requireValidEndpoint(lan, { ipv4Address: '10.0.0.9', aliases: ['db'], macAddress: '02:42:ac:11:00:02' });
  requireValidEndpoint(routed, { ipv4Address: '10.0.0.9', aliases: ['db'] });
});

const refused: readonly [Network, EndpointConfig, string][] = [
  [app, { ipv4Address: '10.0.1.9' }, 'invalid endpoint settings:\nno configured subnet contains IP address 10.0.1.9'],
  [
    app,
    { ipv4Address: '10.0.1.9', ipv6Address: 'fd01::1' },
    'invalid endpoint settings:\n* no configured subnet contains IP address 10.0.1.9\n* no configured subnet contains IP address fd01::1',
  ],
  [app, { ipv4Address: 'fd00::9' }, 'invalid endpoint settings:\ninvalid IPv4 address: fd00::9'],
  [app, { ipv6Address: '10.0.0.9' }, 'invalid endpoint settings:\ninvalid IPv6 address: 10.0.0.9'],
  [app, { linkLocalAddresses: ['here'] }, 'invalid endpoint settings:\ninvalid link-local IP address: here'],
  [app, { linkLocalAddresses: ['fe80::7', '10.1.1.1'] }, 'invalid link local IP address: 10.1.1.1'],
  [app, { macAddress: '02:42' }, 'invalid MAC address: 02:42'],
  [routed, { macAddress: '02:42:ac:11:00:02' }, 'ipvlan interfaces do not support custom mac address assignment'],
  [
    docker0,
    { ipv4Address: '10.0.0.9', aliases: ['db'] },
    'invalid endpoint settings:\n* user-specified IP address is supported on user-defined networks only\n* network-scoped aliases are only supported for user-defined networks',
  ],
  [
    app,
    { driverOptions: { [SYSCTLS]: 'net.ipv4.conf.eth0.log_martians=1' } },
    "invalid endpoint settings:\nunrecognised network interface sysctl 'net.ipv4.conf.eth0.log_martians=1'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'",
  ],
];

for (const [on, config, message] of refused) {
  test(`endpoint: ${JSON.stringify(config)} cannot be had on ${on.name}`, () => {
    assert.throws(() => requireValidEndpoint(on, config), { code: 'invalid-argument', message });
  });
}

const plausible: readonly (readonly [
  name: string,
  on: Network | undefined,
  config: EndpointConfig,
  message: string,
])[] = [
  [
    'later',
    undefined,
    { ipv4Address: 'a', ipv6Address: '::', linkLocalAddresses: ['c', '0.0.0.0'] },
    '* invalid IPv4 address: a\n* invalid IPv6 address: ::\n* invalid link-local IP address: c\n* invalid link-local IP address: 0.0.0.0',
  ],
  ['app', app, { ipv4Address: '10.0.1.9' }, 'no configured subnet contains IP address 10.0.1.9'],
  ...['default', 'bridge', 'host', 'none'].map(
    (name) =>
      [
        name,
        undefined,
        { aliases: ['a'] },
        'network-scoped aliases are only supported for user-defined networks',
      ] as const,
  ),
];

for (const [name, on, config, message] of plausible) {
  test(`a container cannot be made with ${JSON.stringify(config)} on ${name}`, () => {
    const whole = `invalid endpoint settings:\n${message}`;
    assert.throws(() => requirePlausibleEndpoint(name, on, config), { code: 'invalid-argument', message: whole });
  });
}

test('an address that a network may have once it is there is no fault', () => {
  requirePlausibleEndpoint('later', undefined, { ipv4Address: '10.0.1.9', aliases: ['a'] });
});

test('a parent has room for as many containers as there are addresses, unless it is passed through', () => {
  requireRoom(parented(), [endpoint()]);
  const passed = parented({ type: { kind: 'macvlan', mode: 'passthru' } });
  requireRoom(passed, []);
  assert.throws(() => requireRoom(passed, [endpoint()]), {
    code: 'forbidden',
    message: 'network lan is in use: parent interface eth0 is passed through to container web',
  });
});

test('the name of the interface may be written small, as the docker command does', () => {
  requireValidEndpoint(app, { driverOptions: { [SYSCTLS]: 'net.ipv4.conf.ifname.log_martians=1' } });
  assert.deepEqual(endpointSysctls({ driverOptions: { [SYSCTLS]: 'net.ipv4.conf.ifname.log_martians=1' } }, 'eth0'), [
    { key: 'net.ipv4.conf.eth0.log_martians', value: '1' },
  ]);
});
