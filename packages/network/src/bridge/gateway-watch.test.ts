import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { type Logger, type MacAddress, macToBytes, parseMacAddress } from '@fairlead/base';
import type { KernelObject } from '@fairlead/netlink';
import type { LanPort } from '../lan/lan-port.ts';
import type { Network } from '../model.ts';
import { endpoint, network } from '../testing/samples.ts';
import type { Claim } from '../watch/claim.ts';
import { GatewayWatch } from './gateway-watch.ts';

const web = endpoint();
const stranger = parseMacAddress('02:00:00:00:00:99');
const bridge: KernelObject = {
  ...{ kind: 'link', namespace: '', name: 'br-app', type: { kind: 'bridge' }, up: true },
  mac: parseMacAddress('02:00:00:00:00:01'),
};

function rig(networks: Network[] = [network({ subnets: ['4', '6'] })]) {
  /** Who listens, by bridge and address. */
  const ears = new Map<string, (frame: Uint8Array) => void>();
  const links: KernelObject[] = [bridge];
  const logged: string[] = [];
  const claims: Claim[] = [];
  const say = (message: string): void => void logged.push(message);
  const logger: Logger = { debug: () => {}, info: say, warn: say, error: say };
  const watch: LanPort['watch'] = (namespace, link, { address, mac }, onFrame) => {
    assert.deepEqual([namespace, mac], ['', '02:00:00:00:00:01']);
    ears.set(`${link} ${address}`, onFrame);
    return { [Symbol.dispose]: () => void ears.delete(`${link} ${address}`) };
  };
  const state = { networks, endpoints: { onNetwork: () => [web] } };
  const kernel = { observe: () => links };
  const onClaim = (claim: Claim) => void claims.push(claim);
  const gateways = new GatewayWatch({ state, kernel, access: async () => ({ watch }), logger, onClaim });
  const settle = async (milliseconds = 200) => {
    mock.timers.tick(milliseconds);
    for (let turns = 0; turns < 5; turns++) await Promise.resolve();
  };
  /** @returns whether anybody listened. */
  const claim = (address: string, mac: MacAddress): boolean => {
    const frame = new Uint8Array(64);
    frame.set(macToBytes(mac), 6);
    const ear = ears.get(`br-app ${address}`);
    ear?.(frame);
    return ear !== undefined;
  };
  return { gateways, networks, ears, links, logged, claims, settle, claim };
}

// In a suite, for hooks at the top belong to every test of the process.
describe('those who take the address of a gateway', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'] }));
  afterEach(() => mock.timers.reset());

  test('are listened to on the bridges that there are, by IPv4, where the host has an address there', async () => {
    const { gateways, networks, ears, settle } = rig();
    using _gateways = gateways;
    gateways.review();
    assert.deepEqual([...ears.keys()], []);
    await settle();
    assert.deepEqual([...ears.keys()], ['br-app 10.0.0.1']);
    const { bridge: settings } = network();
    networks.splice(0, 1, network({ ...(settings && { bridge: { ...settings, inhibitIpv4: true } }) }));
    gateways.review();
    await settle();
    assert.deepEqual([...ears.keys()], []);
  });

  test('are told of once, with the container that it is, for an hour', async () => {
    const { gateways, networks, logged, claims, settle, claim } = rig();
    using _gateways = gateways;
    const [app = network()] = networks;
    gateways.review();
    await settle();
    assert.ok(claim('10.0.0.1', web.mac ?? stranger));
    await settle(60_000);
    await settle();
    assert.ok(claim('10.0.0.1', stranger));
    assert.deepEqual(logged, Array(2).fill('somebody else uses the address of a gateway'));
    assert.deepEqual(
      claims.map(({ name, details }) => [name, details[0]]),
      [
        ['uses 10.0.0.1, the gateway of network app', 'it is the container web'],
        ['uses 10.0.0.1, the gateway of network app', 'it is nobody of this engine'],
      ],
    );
    assert.deepEqual(
      gateways
        .texts(app)
        .map((text) => /^(\S+), the gateway of app, is also used by (.*) on br-app/.exec(text)?.slice(1)),
      [
        ['10.0.0.1', 'the container web (02:00:00:00:00:02)'],
        ['10.0.0.1', 'the machine 02:00:00:00:00:99'],
      ],
    );
    mock.timers.tick(3_600_001);
    assert.deepEqual(gateways.texts(app), []);
  });

  test('are not listened to for a minute after they were heard, so that they cannot keep us busy', async () => {
    const { gateways, claims, settle, claim } = rig();
    using _gateways = gateways;
    gateways.review();
    await settle();
    assert.deepEqual([claim('10.0.0.1', stranger), claim('10.0.0.1', stranger)], [true, false]);
    await settle(60_000);
    await settle();
    assert.ok(claim('10.0.0.1', stranger));
    assert.equal(claims.length, 1, 'it is the same one');
  });

  test('are listened to again on a bridge that was taken away and is back', async () => {
    const { gateways, ears, links, settle } = rig();
    using _gateways = gateways;
    gateways.review();
    await settle();
    links.pop();
    gateways.notice({ kind: 'link', name: 'br-app', how: 'removed' });
    assert.equal(ears.size, 0);
    await settle();
    assert.equal(ears.size, 0);
    links.push(bridge);
    await settle(1000);
    await settle();
    assert.equal(ears.size, 1);
    gateways[Symbol.dispose]();
    assert.equal(ears.size, 0);
  });
});
