import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type IpAddress, parseIpAddress as ip, parsePrefix, prefixContains } from '@fairlead/base';
import fc from 'fast-check';
import { AddressPool, type AddressPoolOptions, allocateAddress } from './address-pool.ts';

const network = 'web (0123456789ab)';
const pool = (subnet: string, options: Partial<AddressPoolOptions> = {}) =>
  new AddressPool({ subnet: parsePrefix(subnet), gateway: 'auto', network, ...options });
const drain = (from: AddressPool) => {
  const addresses: IpAddress[] = [];
  while (from.usage.available > 0n) addresses.push(from.allocate());
  return addresses;
};

describe('AddressPool', () => {
  const everything: [subnet: string, addresses: string[]][] = [
    ['10.0.0.0/30', ['10.0.0.1', '10.0.0.2']],
    ['10.0.0.0/31', ['10.0.0.0', '10.0.0.1']],
    ['10.0.0.7/32', ['10.0.0.7']],
    ['10.0.0.248/29', ['10.0.0.249', '10.0.0.250', '10.0.0.251', '10.0.0.252', '10.0.0.253', '10.0.0.254']],
    ['fd00::/126', ['fd00::1', 'fd00::2', 'fd00::3']],
    ['fd00::/127', ['fd00::', 'fd00::1']],
    ['fd00::5/128', ['fd00::5']],
  ];
  for (const [subnet, addresses] of everything) {
    it(`has ${addresses.length} usable addresses in ${subnet}`, () => {
      assert.deepEqual(drain(pool(subnet, { gateway: 'none' })), addresses);
    });
  }

  type Gateway = [subnet: string, options: Partial<AddressPoolOptions>, gateway: string | undefined, next: string];
  const gateways: Gateway[] = [
    ['172.17.0.0/16', {}, '172.17.0.1', '172.17.0.2'],
    ['172.17.0.0/16', { gateway: ip('172.17.0.2') }, '172.17.0.2', '172.17.0.1'],
    ['172.17.0.0/16', { gateway: 'none' }, undefined, '172.17.0.1'],
    ['172.17.0.0/16', { range: parsePrefix('172.17.5.0/24') }, '172.17.5.0', '172.17.5.1'],
    ['172.17.0.0/16', { range: parsePrefix('172.17.5.0/24'), gateway: ip('172.17.0.1') }, '172.17.0.1', '172.17.5.0'],
    ['172.17.0.0/16', { auxiliary: new Map([['a', ip('172.17.0.2')]]) }, '172.17.0.1', '172.17.0.3'],
    ['fd00::/64', {}, 'fd00::1', 'fd00::2'],
  ];
  for (const [subnet, options, gateway, next] of gateways) {
    it(`of ${subnet} with ${JSON.stringify(options)} has gateway ${gateway} and gives ${next} first`, () => {
      const made = pool(subnet, options);
      assert.equal(made.gateway, gateway);
      assert.equal(made.allocate(), next);
    });
  }

  it('gives an address back to whoever had it, if it is still free', () => {
    const made = pool('10.0.0.0/24');
    const first = made.allocate();
    const second = made.allocate();
    made.release(first);
    made.release(second);
    assert.equal(made.allocate(second), second);
    assert.equal(made.allocate(second), first);
    assert.equal(made.allocate(ip('192.168.0.1')), '10.0.0.4');
  });

  it('reserves static addresses inside and outside the range', () => {
    const made = pool('10.0.0.0/24', { range: parsePrefix('10.0.0.16/30') });
    made.reserve(ip('10.0.0.17'));
    made.reserve(ip('10.0.0.200'));
    assert.deepEqual(drain(made), ['10.0.0.18', '10.0.0.19']);
    assert.ok(made.isTaken(ip('10.0.0.200')));
  });

  it('refuses what is taken, what is nobody’s and what is outside', () => {
    const made = pool('10.0.0.0/24');
    const used = { code: 'forbidden', message: 'Address already in use' };
    for (const address of ['10.0.0.0', '10.0.0.1', '10.0.0.255']) {
      assert.throws(() => made.reserve(ip(address)), used);
    }
    const outside = { code: 'invalid-argument', message: 'requested address is out of range' };
    assert.throws(() => made.reserve(ip('10.0.1.0')), outside);
    assert.throws(() => made.reserve(ip('fd00::1')), outside);
  });

  it('never frees network, broadcast and gateway addresses', () => {
    const made = pool('10.0.0.0/30');
    for (const address of ['10.0.0.0', '10.0.0.1', '10.0.0.3']) made.release(ip(address));
    assert.deepEqual(drain(made), ['10.0.0.2']);
  });

  it('says which network has no address left', () => {
    const v4 = pool('10.0.0.0/30');
    v4.allocate();
    const message = `no available IPv4 addresses on this network's address pools: ${network}`;
    assert.throws(() => v4.allocate(), { code: 'internal', message });
    const v6 = pool('fd00::/127');
    v6.allocate();
    assert.throws(() => v6.allocate(), { code: 'internal', message: message.replace('IPv4', 'IPv6') });
  });

  it('says why there is no gateway', () => {
    assert.throws(() => pool('10.0.0.0/24', { gateway: ip('10.0.0.0') }), {
      code: 'internal',
      message: 'failed to allocate gateway (10.0.0.0): Address already in use',
    });
    assert.throws(() => pool('10.0.0.0/24', { auxiliary: new Map([['a', ip('10.0.0.1')]]) }), {
      code: 'internal',
      message: 'failed to allocate secondary ip address (a:10.0.0.1): Address already in use',
    });
  });

  it('counts as inspect does', () => {
    const made = pool('10.0.0.0/24', { range: parsePrefix('10.0.0.128/25') });
    made.reserve(ip('10.0.0.5'));
    assert.deepEqual(made.usage, { inUse: 4n, available: 126n });
    assert.deepEqual(pool('fd00::/64').usage, { inUse: 2n, available: 2n ** 64n - 2n });
  });

  for (const subnet of ['10.0.0.0/28', 'fd00::/124']) {
    it(`of ${subnet} hands out the lowest free address and never one twice`, () => {
      const step = fc.oneof(
        fc.constant({ kind: 'allocate' as const, index: 0 }),
        fc.record({ kind: fc.constantFrom('release' as const, 'reserve' as const), index: fc.nat(15) }),
      );
      fc.assert(
        fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
          const made = pool(subnet);
          const all = drain(pool(subnet));
          const held = new Set<IpAddress>();
          for (const { kind, index } of steps) {
            const address = all[index % all.length] ?? ip('::');
            const lowest = all.find((candidate) => !held.has(candidate));
            if (kind === 'release') {
              made.release(address);
              held.delete(address);
            } else if (kind === 'reserve' && held.has(address)) {
              assert.throws(() => made.reserve(address), { code: 'forbidden' });
            } else if (kind === 'reserve') {
              held.add(made.reserve(address));
            } else if (lowest === undefined) {
              assert.throws(() => made.allocate(), { code: 'internal' });
            } else {
              assert.equal(made.allocate(), lowest);
              held.add(lowest);
            }
            assert.equal(made.usage.available, BigInt(all.length - held.size));
          }
        }),
      );
    });
  }

  it('gives each of the 65,533 addresses of a /16 once, also after all were released', () => {
    const made = pool('10.9.0.0/16');
    for (let round = 0; round < 2; round++) {
      const addresses = drain(made);
      assert.equal(new Set(addresses).size, 65_533);
      assert.ok(addresses.every((address) => prefixContains(made.subnet, address)));
      for (const address of addresses.toReversed()) made.release(address);
    }
  });
});

describe('allocateAddress', () => {
  const pools = () => [pool('10.0.0.0/30'), pool('10.1.0.0/24')];

  it('goes on to the next pool when one is used up', () => {
    const [small, large] = pools();
    assert.ok(small && large);
    assert.equal(allocateAddress([small, large], network, {}).address, '10.0.0.2');
    const { pool: owner, address } = allocateAddress([small, large], network, {});
    assert.equal(address, '10.1.0.2');
    assert.equal(owner, large);
  });

  it('finds the pool of a static and of a preferred address', () => {
    assert.equal(allocateAddress(pools(), network, { static: ip('10.1.0.9') }).address, '10.1.0.9');
    assert.equal(allocateAddress(pools(), network, { preferred: ip('10.1.0.9') }).address, '10.1.0.9');
    assert.equal(allocateAddress(pools(), network, { preferred: ip('10.7.0.9') }).address, '10.0.0.2');
    assert.equal(allocateAddress(pools(), network, { preferred: ip('10.1.0.1') }).address, '10.0.0.2');
    assert.throws(() => allocateAddress(pools(), network, { static: ip('10.7.0.9') }), {
      code: 'invalid-argument',
      message: 'no configured subnet contains IP address 10.7.0.9',
    });
  });

  it('says which network has no address left', () => {
    assert.throws(() => allocateAddress([pool('10.0.0.7/32')], network, {}), {
      code: 'internal',
      message: `no available IPv4 addresses on this network's address pools: ${network}`,
    });
  });
});
