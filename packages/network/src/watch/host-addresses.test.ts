import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { type Logger, parseInterfaceAddress, parseIpAddress } from '@fairlead/base';
import { hostAddressElement } from '@fairlead/firewall';
import type { Change, KernelObject } from '@fairlead/netlink';
import { network, parented } from '../testing/samples.ts';
import { HostAddresses, hostAddressElements } from './host-addresses.ts';

const address = (link: string, text: string): KernelObject => ({
  ...{ kind: 'address', namespace: '', link },
  address: parseInterfaceAddress(text),
});
const cable: KernelObject = {
  ...{ kind: 'link', namespace: '', name: 'br-old', type: { kind: 'bridge' }, up: true },
  alias: 'fairlead network 1',
};
const near = parented({ host: { name: 'near0', addresses: [parseIpAddress('10.7.0.9')] } });
const element = (text: string) => hostAddressElement(parseIpAddress(text));

const hosts: readonly (readonly [what: string, host: readonly KernelObject[], known: readonly string[]])[] = [
  [
    'of both families',
    [address('eth0', '192.0.2.1/24'), address('eth0', '2001:db8::1/64')],
    ['192.0.2.1', '2001:db8::1'],
  ],
  ['not loopback', [address('lo', '127.0.0.1/8'), address('lo', '::1/128')], []],
  ['others on loopback', [address('lo', '192.0.2.7/32')], ['192.0.2.7']],
  ['not what is of a link alone', [address('eth0', 'fe80::1/64')], []],
  ['not gateways of networks', [address('br-app', '10.0.0.1/24')], []],
  ['not what is on a link of ours', [cable, address('br-old', '10.9.0.1/24')], []],
  ['not what it has beside containers on a parent', [address('near0', '10.7.0.9/24')], []],
  ['one that two links have', [address('eth0', '192.0.2.1/24'), address('eth1', '192.0.2.1/24')], ['192.0.2.1']],
];

for (const [what, host, known] of hosts) {
  test(`addresses of the host: ${what}`, () =>
    assert.deepEqual(hostAddressElements([network(), near], host), known.map(element)));
}

test('one that comes is told of, one that goes is taken back at once, and others are left alone', async () => {
  const made: Change[] = [];
  const logger: Logger = { debug() {}, info() {}, warn() {}, error: (text) => assert.fail(text) };
  const addresses = new HostAddresses({
    state: { networks: [network(), near] },
    kernel: { observe: () => [address('eth0', '192.0.2.1/24')], apply: async (list) => void made.push(...list) },
    logger,
    onFailure: () => assert.fail('nothing fails'),
  });
  const after = (kind: 'address' | 'address-added', text: string): Change[] => {
    addresses.notice({ kind, address: parseIpAddress(text) });
    return made.splice(0);
  };
  assert.deepEqual(addresses.elements([address('eth0', '192.0.2.3/24')]), [element('192.0.2.3')]);
  await addresses.review();
  assert.deepEqual(made.splice(0), [
    { action: 'add', object: element('192.0.2.1') },
    { action: 'remove', object: element('192.0.2.3') },
  ]);
  await addresses.review();
  assert.deepEqual(made, []);
  assert.deepEqual(after('address-added', '2001:db8::9'), [{ action: 'add', object: element('2001:db8::9') }]);
  assert.deepEqual(after('address-added', '2001:db8::9'), []);
  assert.deepEqual(after('address-added', '10.0.0.1'), [], 'the gateway of a network');
  assert.deepEqual(after('address-added', '10.7.0.9'), [], 'beside containers on a parent');
  assert.deepEqual(after('address-added', 'fe80::9'), []);
  assert.deepEqual(after('address', '198.51.100.1'), []);
  assert.deepEqual(after('address', '192.0.2.1'), [{ action: 'remove', object: element('192.0.2.1') }]);
  assert.deepEqual(after('address', '192.0.2.1'), []);
});

test('an address that the kernel would not take from the table, or into it, is tried again', async () => {
  const made: Change[] = [];
  const told: string[] = [];
  let refuses = true;
  let failures = 0;
  const addresses = new HostAddresses({
    state: { networks: [] },
    kernel: {
      observe: () => [address('eth0', '192.0.2.2/24')],
      apply: async (list) => {
        if (refuses) throw new Error('not now');
        made.push(...list);
      },
    },
    logger: { debug() {}, info() {}, warn() {}, error: (text) => void told.push(text) },
    onFailure: () => {
      failures++;
    },
  });
  addresses.elements([address('eth0', '192.0.2.1/24')]);
  addresses.notice({ kind: 'address', address: parseIpAddress('192.0.2.1') });
  addresses.notice({ kind: 'address-added', address: parseIpAddress('192.0.2.2') });
  await endOfTurn();
  assert.deepEqual([failures, told.length], [2, 2]);
  refuses = false;
  await addresses.review();
  assert.deepEqual(made.splice(0), [
    { action: 'add', object: element('192.0.2.2') },
    { action: 'remove', object: element('192.0.2.1') },
  ]);
  await addresses.review();
  assert.deepEqual(made, []);
});
