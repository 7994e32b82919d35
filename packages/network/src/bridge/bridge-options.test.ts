import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInterfaceName } from '../network-option.ts';
import { parseBridgeOptions } from './bridge-options.ts';

const plain = {
  masquerade: true,
  interfacePrefix: 'eth',
  gatewayModes: {},
  icc: true,
  trustedInterfaces: [],
  sources: {},
  inhibitIpv4: false,
};

const P = 'com.docker.network.';
const read: readonly [Record<string, string>, object][] = [
  [{}, {}],
  [{ 'whatever.else': 'x' }, {}],
  [{ [`${P}bridge.name`]: 'fl0' }, { bridgeName: 'fl0' }],
  [{ [`${P}bridge.name`]: '' }, {}],
  [{ [`${P}bridge.enable_ip_masquerade`]: 'false' }, { masquerade: false }],
  [{ [`${P}bridge.enable_icc`]: '0' }, { icc: false }],
  [{ [`${P}bridge.inhibit_ipv4`]: 't' }, { inhibitIpv4: true }],
  [{ [`${P}bridge.host_binding_ipv4`]: '127.0.0.1' }, { hostBinding: '127.0.0.1' }],
  [{ [`${P}bridge.host_binding_ipv4`]: '::' }, { hostBinding: '::' }],
  [{ 'com.fairlead.ports.binding': '127.0.0.1, ::1' }, { hostBindings: ['127.0.0.1', '::1'] }],
  [{ [`${P}driver.mtu`]: '1400' }, { mtu: 1400 }],
  [{ [`${P}driver.mtu`]: '0' }, {}],
  [{ [`${P}container_iface_prefix`]: 'net' }, { interfacePrefix: 'net' }],
  [
    { [`${P}enable_ipv4`]: 'False', [`${P}enable_ipv6`]: 'TRUE' },
    { ipv4: false, ipv6: true },
  ],
  [
    { [`${P}bridge.gateway_mode_ipv4`]: 'routed', [`${P}bridge.gateway_mode_ipv6`]: 'nat-unprotected' },
    { gatewayModes: { ipv4: 'routed', ipv6: 'nat-unprotected' } },
  ],
  [{ [`${P}bridge.trusted_host_interfaces`]: 'eth0:wg0' }, { trustedInterfaces: ['eth0', 'wg0'] }],
  [
    { [`${P}host_ipv4`]: '192.0.2.9', [`${P}host_ipv6`]: '2001:DB8::9' },
    { sources: { ipv4: '192.0.2.9', ipv6: '2001:db8::9' } },
  ],
  [{ 'com.fairlead.ports.sources': '10.0.0.0/8' }, { portPolicy: { sources: ['10.0.0.0/8'] } }],
  [{ 'com.fairlead.ports.interfaces': 'eth0' }, { portPolicy: { interfaces: ['eth0'] } }],
];

for (const [options, expected] of read) {
  test(`bridge options: ${JSON.stringify(options)}`, () => {
    assert.deepEqual(parseBridgeOptions(options), { ...plain, ...expected });
  });
}

const refused: readonly [Record<string, string>, string][] = [
  [
    { [`${P}bridge.enable_icc`]: 'yes' },
    `failed to parse ${P}bridge.enable_icc value: yes (strconv.ParseBool: parsing "yes": invalid syntax)`,
  ],
  [
    { [`${P}bridge.enable_ip_masquerade`]: '' },
    `failed to parse ${P}bridge.enable_ip_masquerade value:  (strconv.ParseBool: parsing "": invalid syntax)`,
  ],
  [
    { [`${P}driver.mtu`]: '1500B' },
    `failed to parse ${P}driver.mtu value: 1500B (strconv.Atoi: parsing "1500B": invalid syntax)`,
  ],
  [{ [`${P}driver.mtu`]: '-1' }, 'invalid MTU number: -1'],
  [{ [`${P}driver.mtu`]: '70000' }, 'invalid MTU number: 70000'],
  [
    { 'com.fairlead.ports.binding': '127.0.0.1,127.0.0.2' },
    'failed to parse com.fairlead.ports.binding value: 127.0.0.1,127.0.0.2 (more than one address of a family)',
  ],
  [{ [`${P}bridge.host_binding_ipv4`]: 'here' }, `failed to parse ${P}bridge.host_binding_ipv4 value: here (nil ip)`],
  [{ [`${P}host_ipv6`]: '' }, `failed to parse ${P}host_ipv6 value:  (nil ip)`],
  [
    { [`${P}bridge.gateway_mode_ipv4`]: '' },
    `failed to parse ${P}bridge.gateway_mode_ipv4 value:  (unknown gateway mode )`,
  ],
  [
    { [`${P}bridge.default_bridge`]: 'x' },
    `failed to parse ${P}bridge.default_bridge value: x (strconv.ParseBool: parsing "x": invalid syntax)`,
  ],
  [{ [`${P}host_ipv4`]: '::1' }, `failed to parse ${P}host_ipv4 value: ::1 (not an IPv4 address)`],
  [
    { [`${P}bridge.gateway_mode_ipv6`]: 'open' },
    `failed to parse ${P}bridge.gateway_mode_ipv6 value: open (unknown gateway mode open)`,
  ],
  [{ [`${P}bridge.name`]: 'a/b' }, 'invalid bridge name: a/b'],
];

for (const [options, message] of refused) {
  test(`bridge options: ${JSON.stringify(options)} cannot be read`, () => {
    assert.throws(() => parseBridgeOptions(options), { code: 'invalid-argument', message });
  });
}

test('interface names are what the kernel takes', () => {
  const names = ['a', 'eth0.10', 'fifteen-letters', '', '.', '..', 'sixteen-letters-', 'a b', 'a/b', 'a:b'];
  assert.deepEqual(names.filter(isInterfaceName), ['a', 'eth0.10', 'fifteen-letters']);
});
