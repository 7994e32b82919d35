import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { type IpAddress, type Logger, parseIpAddress } from '@fairlead/base';
import type { KernelObject } from '@fairlead/netlink';
import type { BridgeGuest } from '../kernel-port.ts';
import type { Endpoint } from '../model.ts';
import { endpoint, network } from '../testing/samples.ts';
import type { Claim } from '../watch/claim.ts';
import { BridgeGuests } from './bridge-guests.ts';

const app = network();
const web: Endpoint = { ...endpoint(), hostInterface: 'veth1' };
const port = (name: string, alias?: string): KernelObject => ({
  ...{ kind: 'link', namespace: '', name, type: { kind: 'veth' }, up: true, master: 'br-app' },
  ...(alias !== undefined && { alias }),
});
const taken = web.ipv4 ?? parseIpAddress('10.0.0.2');
const other = parseIpAddress('10.0.0.9');

function rig(dockerd = false) {
  const links: KernelObject[] = [port('veth1'), port('t1', 'fairlead network n')];
  const there: BridgeGuest[] = [];
  const logged: string[] = [];
  /** What keeps the kernel from telling who is there. */
  const blind: string[] = [];
  const claims: Claim[] = [];
  const say = (message: string): void => void logged.push(message);
  const logger: Logger = { debug: say, info: say, warn: say, error: say };
  const guests = new BridgeGuests({
    state: {
      networks: [app],
      endpoints: { onNetwork: () => [web], behind: (name) => (name === 'veth1' ? web : undefined) },
    },
    kernel: {
      observe: () => links,
      bridgeGuests: (_, isMeant) => {
        if (blind.length > 0) throw new Error('no memory');
        return there.filter((guest) => isMeant({ name: guest.port }));
      },
    },
    isShared: () => dockerd,
    gateways: { notice: () => {}, review: () => {}, texts: () => [], [Symbol.dispose]: () => {} },
    logger,
    onClaim: (claim) => void claims.push(claim),
  });
  const plug = (name: string, address: IpAddress, more: Partial<BridgeGuest> = {}): void => {
    links.push(port(name));
    there.push({ port: name, address, ...more });
    guests.notice({ kind: 'port', name, mtu: 1500 });
    mock.timers.tick(100);
  };
  return { guests, links, there, logged, blind, claims, plug };
}

// In a suite, for hooks at the top belong to every test of the process.
describe('others on the bridge of a network', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  test('what they use is given to nobody from the moment they are there', () => {
    const { guests, plug } = rig();
    using _guests = guests;
    assert.deepEqual(guests.companyOf(app), {}, 'our own ports, and cables between bridges, are nobody else');
    plug('vm1', other);
    assert.deepEqual(guests.companyOf(app), { guests: new Set([other]), kept: new Set(), fromEnd: false });
    assert.deepEqual(guests.sharing(app).clashes, []);
  });

  test('what they had lately is kept for who asks for it, and is no clash', () => {
    const { guests, plug, claims } = rig();
    using _guests = guests;
    plug('vm1', taken, { isStale: true });
    assert.deepEqual(guests.companyOf(app), { guests: new Set(), kept: new Set([taken]), fromEnd: false });
    assert.deepEqual([guests.sharing(app).clashes, claims], [[], []]);
  });

  test('an address that is used twice is told of once, until it is over', () => {
    const { guests, plug, links, there, claims, logged } = rig();
    using _guests = guests;
    plug('vm1', taken);
    guests.review();
    assert.deepEqual(logged, ['somebody else uses the address of a container on the same bridge']);
    assert.deepEqual(
      claims.map(({ name }) => name),
      [`uses ${taken}, the address of ${web.ownerName} on network app, behind vm1`],
    );
    assert.match(
      guests.sharing(app).clashes.join(),
      new RegExp(`^${taken}, .* is also used by somebody behind vm1 on br-app`),
    );
    links.pop();
    there.pop();
    guests.review();
    assert.deepEqual(guests.sharing(app).clashes, []);
    plug('vm1', taken);
    assert.equal(claims.length, 2, 'it begins anew');
  });

  test('a repair is no reason for the first look, and one for every later', () => {
    const { guests, logged, links, there } = rig();
    using _guests = guests;
    links.push(port('vm1'));
    there.push({ port: 'vm1', address: taken });
    guests.reviewAgain();
    assert.deepEqual(logged, []);
    guests.review();
    assert.equal(logged.length, 1);
    links.pop();
    there.pop();
    guests.reviewAgain();
    links.push(port('vm1'));
    there.push({ port: 'vm1', address: taken });
    guests.reviewAgain();
    assert.equal(logged.length, 2);
  });

  test('a guest that has the address of the gateway is told of, whoever else is there', () => {
    const { guests, plug, claims, logged } = rig();
    using _guests = guests;
    plug('vm1', parseIpAddress('10.0.0.1'));
    assert.deepEqual(
      claims.map(({ name, details }) => [name, details.at(-1)]),
      [['uses 10.0.0.1, the gateway’s address on network app, behind vm1', 'give it another one']],
    );
    assert.deepEqual(logged, ['somebody else uses the gateway’s address on the same bridge']);
    assert.match(guests.sharing(app).clashes.join(), /^10\.0\.0\.1, the gateway’s address, is also used by/);
  });

  test('an engine that takes the bridge for its own is told of once, and given the lowest addresses', () => {
    const { guests, claims } = rig(true);
    using _guests = guests;
    guests.review();
    guests.review();
    assert.deepEqual(
      claims.map(({ program, name }) => [program, name]),
      [['dockerd', 'has come to use br-app, the bridge of network app']],
    );
    assert.deepEqual(guests.companyOf(app), { guests: new Set(), kept: new Set(), fromEnd: true });
  });

  test('when it cannot be seen who is there everything goes on, and the log says so', () => {
    const { guests, plug, blind, logged } = rig();
    using _guests = guests;
    plug('vm1', other);
    blind.push('memory');
    assert.deepEqual(guests.companyOf(app).guests, new Set());
    assert.deepEqual(guests.sharing(app).clashes, []);
    assert.deepEqual(logged, ['others on a bridge not seen', 'others on a bridge not seen']);
  });

  test('ports of our own that come are not looked at', () => {
    const { guests, claims, there } = rig();
    using _guests = guests;
    guests.review();
    there.push({ port: 'veth1', address: taken });
    guests.notice({ kind: 'port', name: 'veth1', mtu: 1500 });
    mock.timers.tick(100);
    assert.deepEqual([claims, guests.companyOf(app)], [[], {}]);
  });
});
