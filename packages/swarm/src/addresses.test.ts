import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseAddresses, dataPathPort, type HostAddress, hostOf, requireAddressPools } from './addresses.ts';

const plain = { isLoopback: false, isVirtual: false, isManaged: false };
const eth0: HostAddress = { interface: 'eth0', address: '192.0.2.1', ...plain };
const eth0v6: HostAddress = { interface: 'eth0', address: '2001:db8::1', ...plain };
const eth1: HostAddress = { interface: 'eth1', address: '198.51.100.1', ...plain };
const lo: HostAddress = { interface: 'lo', address: '127.0.0.1', ...plain, isLoopback: true };
const bridge: HostAddress = { interface: 'docker0', address: '172.17.0.1', ...plain, isVirtual: true, isManaged: true };
const veth: HostAddress = { ...eth0, isVirtual: true };

const choices: readonly (readonly [advertise: string, host: readonly HostAddress[], chosen: string])[] = [
  ['', [lo, eth0, eth0v6, bridge], '192.0.2.1:2377'],
  ['', [lo, veth, bridge], '192.0.2.1:2377'],
  ['', [lo, eth0v6], '[2001:db8::1]:2377'],
  ['eth1', [eth0, eth1], '198.51.100.1:2377'],
  ['127.0.0.1', [eth0, eth1], '127.0.0.1:2377'],
  ['127.0.0.1:99', [eth0, eth1], '127.0.0.1:99'],
  ['[::1]:99', [eth0], '[::1]:99'],
];

for (const [advertise, host, chosen] of choices) {
  test(`a swarm is told of as ${chosen} when "${advertise}" is asked for`, () => {
    const request = { listenAddress: '0.0.0.0:2377', advertiseAddress: advertise };
    assert.equal(chooseAddresses(request, host).advertiseAddress, chosen);
  });
}

const refused: readonly (readonly [listen: string, advertise: string, host: readonly HostAddress[], words: RegExp])[] =
  [
    [
      '0.0.0.0',
      '',
      [eth0, eth1],
      /multiple addresses on different interfaces \(192\.0\.2\.1 on eth0 and 198\.51\.100\.1 on eth1\)/,
    ],
    ['0.0.0.0', '', [eth0, { ...eth0, address: '192.0.2.2' }], /on interface eth0 \(192\.0\.2\.1 and 192\.0\.2\.2\)/],
    ['0.0.0.0', '', [lo, bridge], /^could not find the system's IP address$/],
    ['0.0.0.0', '0.0.0.0', [eth0], /^advertise address must be a non-zero IP address/],
    ['nobody', '', [eth0], /^listen address must be an IP address or network interface/],
    ['', '', [eth0], /^invalid ListenAddr "": invalid empty address$/],
    ['0.0.0.0', 'eth0', [eth0, { ...eth0, address: '192.0.2.2' }], /^interface eth0 has more than one IPv4 address/],
  ];

for (const [listenAddress, advertiseAddress, host, message] of refused) {
  test(`an address that cannot be is refused: ${message.source}`, () => {
    assert.throws(() => chooseAddresses({ listenAddress, advertiseAddress }, host), {
      code: 'invalid-argument',
      message,
    });
  });
}

test('pools have room for the subnets of a swarm', () => {
  requireAddressPools(['10.0.0.0/8', ' 2.0.0.0/16'], 24);
  assert.throws(() => requireAddressPools([], 30), { message: 'subnet size is out of range: 30' });
  assert.throws(() => requireAddressPools(['x'], 24), { message: 'invalid base pool x: invalid CIDR address: x' });
  assert.throws(() => requireAddressPools(['10.0.0.0/25'], 24), /Subnet size is too small for pool: 24/);
});

test('ports of the data path are those that users may have', () => {
  assert.deepEqual([dataPathPort(0), dataPathPort(4242)], [4789, 4242]);
  assert.throws(() => dataPathPort(80), /not in valid range \(1024-49151\) : 80/);
  assert.equal(hostOf('[2001:db8::1]:2377'), '2001:db8::1');
});
