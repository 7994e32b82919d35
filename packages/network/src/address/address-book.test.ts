import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress, parsePrefix } from '@fairlead/base';
import { Store } from '@fairlead/store';
import type { EndpointConfig, Lease, Network, ParentSettings } from '../model.ts';
import { network, parented } from '../testing/samples.ts';
import { AddressBook } from './address-book.ts';

const small = network({ id: 'small', name: 'small' });
/** Room for two containers. */
const tiny: Network = {
  ...network({ id: 'tiny', name: 'tiny' }),
  subnets: [
    { subnet: parsePrefix('10.9.0.0/29'), range: parsePrefix('10.9.0.0/30'), gateway: parseIpAddress('10.9.0.6') },
  ],
};
const dual = network({ id: 'dual', name: 'dual', subnets: ['4', '6'] });

function open(store = Store.open(':memory:')) {
  const leases = store.collection<Lease>('lease');
  const book = new AddressBook(leases, [small, tiny, dual]);
  const take = (owner: string, config: EndpointConfig = {}, on = small) => book.lease(on, owner, config);
  return { store, leases, book, take, again: () => open(store) };
}

test('addresses are given from the lowest one, and again when they come back', () => {
  const { book, take } = open();
  assert.deepEqual(
    ['a', 'b', 'c'].map((owner) => take(owner).ipv4),
    ['10.0.0.2', '10.0.0.3', '10.0.0.4'],
  );
  book.release('small', 'b');
  assert.equal(take('d').ipv4, '10.0.0.3');
});

test('a container keeps address and MAC until it gives them up, also over a restart', () => {
  const { take, again } = open();
  const first = take('a', {}, dual);
  assert.deepEqual([first.ipv4, first.ipv6], ['10.0.0.2', 'fd00::2']);
  take('b', {}, dual);
  const later = again();
  assert.deepEqual(later.take('a', {}, dual), first);
  assert.equal(later.take('c', {}, dual).ipv4, '10.0.0.4');
});

test('a static address is its container’s, running or not, and may lie outside of the range', () => {
  const { take, again } = open();
  assert.equal(take('a', { ipv4Address: '10.9.0.5' }, tiny).ipv4, '10.9.0.5');
  assert.throws(() => again().take('b', { ipv4Address: '10.9.0.5' }, tiny), {
    code: 'forbidden',
    message: 'Address already in use',
  });
  for (const reserved of ['10.9.0.0', '10.9.0.6', '10.9.0.7']) {
    assert.throws(() => take('b', { ipv4Address: reserved }, tiny), {
      code: 'forbidden',
      message: 'Address already in use',
    });
  }
  assert.throws(() => take('b', { ipv4Address: '10.8.0.1' }, tiny), {
    message: 'no configured subnet contains IP address 10.8.0.1',
  });
});

test('a used-up range says so in Docker’s words, and gives again what comes back', () => {
  const { book, take } = open();
  const owners = ['a', 'b', 'c'];
  assert.deepEqual(
    owners.map((owner) => take(owner, {}, tiny).ipv4),
    ['10.9.0.1', '10.9.0.2', '10.9.0.3'],
  );
  assert.throws(() => take('d', {}, tiny), {
    code: 'internal',
    message: "no available IPv4 addresses on this network's address pools: tiny (tiny)",
  });
  book.releaseAll('b');
  assert.equal(take('d', {}, tiny).ipv4, '10.9.0.2');
});

test('who asks for another address gets it, and gives the old one up', () => {
  const { take } = open();
  take('a');
  assert.equal(take('a', { ipv4Address: '10.0.0.50' }).ipv4, '10.0.0.50');
  assert.equal(take('b').ipv4, '10.0.0.2');
  assert.equal(take('a', { macAddress: '02:42:00:00:00:01' }).mac, '02:42:00:00:00:01');
});

test('a hardware address goes with the address, so that neighbours need not forget the owner before', () => {
  const { book, take } = open();
  assert.equal(take('a').mac, '02:42:0a:00:00:02');
  book.releaseAll('a');
  assert.equal(take('b').mac, '02:42:0a:00:00:02');
  assert.equal(take('b', { ipv4Address: '10.0.0.50' }).mac, '02:42:0a:00:00:32');
});

test('who asks for an address that another one has keeps the old one', () => {
  const { leases, take } = open();
  const before = take('a');
  take('b', { ipv4Address: '10.0.0.50' });
  assert.throws(() => take('a', { ipv4Address: '10.0.0.50' }), { message: 'Address already in use' });
  assert.deepEqual(leases.get(before.id), before);
  assert.equal(take('c').ipv4, '10.0.0.3', 'the address was not given to another one');
});

test('when one family cannot be had the other one is not lost', () => {
  const { take } = open();
  take('a', { ipv6Address: 'fd00::9' }, dual);
  assert.throws(() => take('b', { ipv6Address: 'fd00::9' }, dual), { message: 'Address already in use' });
  assert.equal(take('c', {}, dual).ipv4, '10.0.0.3');
});

test('a lease can be put back as it was', () => {
  const { book, leases, take } = open();
  const before = take('a');
  take('a', { ipv4Address: '10.0.0.50' });
  book.restore('small', 'a', before);
  assert.deepEqual([...leases], [before]);
  assert.throws(() => take('b', { ipv4Address: '10.0.0.2' }), { message: 'Address already in use' });
  assert.equal(take('b', { ipv4Address: '10.0.0.50' }).ipv4, '10.0.0.50');
  take('c');
  book.restore('small', 'c', undefined);
  assert.equal(book.find('small', 'c'), undefined);
  assert.equal(take('d').ipv4, '10.0.0.3');
});

test('an address that was given away meanwhile is not put back', () => {
  const { book, take } = open();
  const before = take('a');
  take('a', { ipv4Address: '10.0.0.50' });
  assert.equal(take('b').ipv4, before.ipv4);
  book.restore('small', 'a', before);
  assert.equal(book.find('small', 'a'), undefined);
});

test('a network takes its leases with it', () => {
  const { book, leases, take } = open();
  take('a');
  take('a', {}, tiny);
  book.close('small');
  assert.deepEqual(
    [...leases].map((lease) => lease.network),
    ['tiny'],
  );
});

test('on networks with several subnets the next one gives when one is used up', () => {
  const subnets = ['10.7.0.0/31', '10.8.0.0/24', 'fd07::/64'].map((subnet) => ({ subnet: parsePrefix(subnet) }));
  const lan: Network = { ...parented({}, { id: 'lan', ipv6: true }), subnets };
  const book = new AddressBook(Store.open(':memory:').collection<Lease>('lease'), [lan]);
  const leases = ['a', 'b', 'c'].map((owner) => book.lease(lan, owner, {}));
  assert.deepEqual(
    leases.map(({ ipv4, ipv6 }) => `${ipv4} ${ipv6}`),
    ['10.7.0.0 fd07::1', '10.7.0.1 fd07::2', '10.8.0.1 fd07::3'],
  );
  assert.equal(book.lease(lan, 'd', { ipv4Address: '10.8.0.9' }).ipv4, '10.8.0.9');
});

test('links of macvlan that share a wire have hardware addresses of their own, those of ipvlan their parent’s', () => {
  const on = (id: string, type: ParentSettings['type']): Network => ({
    ...parented({ type }, { id, ipv4: false, ipv6: true }),
    subnets: [{ subnet: parsePrefix(`fd0${id}::/64`) }],
  });
  const networks = [
    on('a', { kind: 'macvlan', mode: 'bridge' }),
    on('b', { kind: 'macvlan', mode: 'private' }),
    on('c', { kind: 'macvlan', mode: 'passthru' }),
    on('d', { kind: 'ipvlan', mode: 'l2', flag: 'bridge' }),
  ];
  const leases = (config: EndpointConfig = {}) => {
    const book = new AddressBook(Store.open(':memory:').collection<Lease>('lease'), networks);
    return networks.map((item) => book.lease(item, 'web', config).mac);
  };
  const [first, second, ...parents] = leases();
  assert.ok(first !== second);
  assert.deepEqual(parents, [undefined, undefined]);
  assert.deepEqual(leases(), [first, second, ...parents], 'the same for the same address');
  assert.equal(leases({ macAddress: '02:00:00:00:00:07' })[2], '02:00:00:00:00:07', 'unless one is asked for');
});

test('what others have is given to nobody who has not asked for it, and to others again when they have it no longer', () => {
  const { book, take } = open();
  const others = new Set(['10.0.0.2', '10.0.0.4'].map((address) => parseIpAddress(address)));
  const given = (owner: string, config: EndpointConfig = {}) => book.lease(small, owner, config, { kept: others }).ipv4;
  assert.deepEqual(
    [given('a'), given('b'), given('c', { ipv4Address: '10.0.0.4' })],
    ['10.0.0.3', '10.0.0.5', '10.0.0.4'],
  );
  assert.equal(take('d').ipv4, '10.0.0.2');
  const all = new Set(Array.from({ length: 8 }, (_, last) => parseIpAddress(`10.9.0.${last}`)));
  assert.throws(() => book.lease(tiny, 'a', {}, { kept: all }), { message: /no available IPv4 addresses/ });
  assert.equal(take('a', {}, tiny).ipv4, '10.9.0.1');
});

test('what somebody uses on the same bridge is given to nobody, and who had it gets another one', () => {
  const { book, take } = open();
  const guests = new Set(['10.0.0.2', '10.0.0.3'].map((address) => parseIpAddress(address)));
  const given = (owner: string, config: EndpointConfig = {}) => book.lease(small, owner, config, { guests }).ipv4;
  assert.equal(take('a').ipv4, '10.0.0.2');
  assert.equal(given('b'), '10.0.0.4');
  assert.equal(given('b'), '10.0.0.4', 'which it keeps');
  assert.equal(given('a'), '10.0.0.5');
  const wanted = { ipv4Address: '10.0.0.3' };
  assert.throws(() => given('c', wanted), { code: 'forbidden', message: 'Address already in use' });
  assert.equal(take('c', wanted).ipv4, '10.0.0.3');
  assert.throws(() => given('c', wanted), { code: 'forbidden' }, 'also where it had it before');
  assert.equal(book.find(small.id, 'c')?.ipv4, '10.0.0.3', 'and has it still, should the other one go');
});

test('where somebody else gives the lowest addresses ours are the highest', () => {
  const { book } = open();
  const given = (owner: string) => book.lease(small, owner, {}, { fromEnd: true }).ipv4;
  const [first, second] = [given('a'), given('b')];
  assert.deepEqual([first, second], ['10.0.0.254', '10.0.0.253']);
  assert.equal(book.lease(small, 'c', {}).ipv4, '10.0.0.2');
});
