import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { parsePrefix } from '@fairlead/base';
import { segmentFitting } from '@fairlead/firewall';
import { type Change, identityOf, type KernelObject, type LinkObject, type RouteObject } from '@fairlead/netlink';
import type { News } from '@fairlead/netlink/news';
import type { Network } from '../model.ts';
import { Rig } from '../testing/rig.ts';
import { endpoint, network } from '../testing/samples.ts';
import { fittingElements, SegmentFitting } from './segment-fitting.ts';

function link(name: string, mtu: number, rest: Partial<LinkObject> = {}): LinkObject {
  return { kind: 'link', namespace: '', name, type: { kind: 'other', name: 'device' }, up: true, mtu, ...rest };
}

function route(mtu?: number): RouteObject {
  const destination = parsePrefix('10.0.0.0/8');
  return { kind: 'route', namespace: '', destination, link: 'eth0', ...(mtu !== undefined && { mtu }) };
}

const eth0 = link('eth0', 1500);
const wg0 = link('wg0', 1420);
const bridge = link('br0', 1500, { type: { kind: 'bridge' } });

const hosts: readonly (readonly [what: string, host: readonly KernelObject[], fits: boolean])[] = [
  ['all ways are as wide as the bridge', [link('lo', 65_536), eth0, route()], false],
  ['a tunnel', [eth0, wg0], true],
  ['a tunnel that is down', [eth0, { ...wg0, up: false }], false],
  ['a route for smaller packets', [eth0, route(1400)], true],
  ['a route for packets that are as large', [eth0, route(1500)], false],
  ['a port of a bridge, which is no way out', [eth0, bridge, link('tap0', 1400, { master: 'br0' })], false],
  ['a link of a VRF, which is one', [link('eth1', 1400, { master: 'red' })], true],
  ['a cable of ours', [eth0, link('veth1', 1400, { alias: 'fairlead endpoint 1' })], false],
];

for (const [what, host, fits] of hosts) {
  test(`segments are ${fits ? '' : 'not '}fitted: ${what}`, () =>
    assert.deepEqual(fittingElements([network()], host), fits ? [segmentFitting] : []));
}

test('what cannot go out needs no fitting', () => {
  assert.deepEqual(fittingElements([], [wg0]), []);
  assert.deepEqual(fittingElements([network({ internal: true })], [wg0]), []);
});

describe('what comes and goes', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  /** A host with one network, what was changed in its table, and how often somebody has looked. */
  function rig() {
    const networks: Network[] = [];
    let host: readonly KernelObject[] = [eth0];
    let looks = 0;
    let refusals = 0;
    const changes: Change[] = [];
    const told: string[] = [];
    let failures = 0;
    const logger = { debug() {}, info() {}, warn() {}, error: (text: string) => void told.push(text) };
    const fitting = new SegmentFitting({
      state: { networks, endpoints: { behind: (name) => (name === 'veth1' ? endpoint() : undefined) } },
      kernel: {
        observe: () => {
          looks++;
          return [...host];
        },
        apply: async (made) => {
          if (refusals-- > 0) throw new Error('not now');
          changes.push(...made);
        },
      },
      logger,
      onFailure: () => {
        failures++;
      },
    });
    networks.push(network());
    fitting.follow();
    return {
      ...{ fitting, networks, changes, told, looks: () => looks, failures: () => failures },
      /** The next change fails. */
      refuse: () => {
        refusals = 1;
      },
      becomes: (now: readonly KernelObject[], news: News) => {
        host = now;
        fitting.notice(news);
        mock.timers.tick(1_000);
        return changes.splice(0).map(({ action }) => action);
      },
    };
  }

  test('segments are fitted from a narrow way’s coming to its going', () => {
    const { becomes } = rig();
    assert.deepEqual(becomes([eth0, wg0], { kind: 'link-up', name: 'wg0', mtu: 1420 }), ['add']);
    assert.deepEqual(becomes([eth0], { kind: 'link', name: 'wg0', how: 'removed' }), ['remove']);
    assert.deepEqual(becomes([link('eth0', 1400)], { kind: 'link-up', name: 'eth0', mtu: 1400 }), ['add']);
    assert.deepEqual(becomes([eth0], { kind: 'link-up', name: 'eth0', mtu: 1500 }), ['remove']);
    const { destination } = route();
    assert.deepEqual(becomes([eth0, route(1400)], { kind: 'route-added', destination, mtu: 1400 }), ['add']);
    assert.deepEqual(becomes([eth0], { kind: 'route', destination }), ['remove']);
  });

  test('a router of IPv6 may have announced a narrow way, of which nothing is told', () => {
    const { becomes } = rig();
    const destination = parsePrefix('::/0');
    const announced: RouteObject = { kind: 'route', namespace: '', destination, link: 'eth0', mtu: 1492 };
    assert.deepEqual(becomes([eth0, announced], { kind: 'route-added', destination }), ['add']);
    assert.deepEqual(becomes([eth0], { kind: 'route', destination }), ['remove']);
    assert.deepEqual(becomes([eth0], { kind: 'route-added', destination }), []);
  });

  test('a narrow route goes with its link, and another one may take its place', () => {
    const { becomes } = rig();
    const { destination } = route();
    assert.deepEqual(becomes([eth0, route(1400)], { kind: 'route-added', destination, mtu: 1400 }), ['add']);
    assert.deepEqual(becomes([], { kind: 'link', name: 'eth0', how: 'down' }), ['remove']);
    assert.deepEqual(becomes([eth0, route(1400)], { kind: 'route-added', destination, mtu: 1400 }), ['add']);
    assert.deepEqual(becomes([eth0, route(1300)], { kind: 'route-added', destination, mtu: 1300 }), []);
    assert.deepEqual(becomes([eth0, route()], { kind: 'route-added', destination }), ['remove']);
  });

  test('nobody looks for what changes nothing', () => {
    const { becomes, looks } = rig();
    const before = looks();
    becomes([eth0], { kind: 'link-up', name: 'eth0', mtu: 1500 });
    becomes([eth0], { kind: 'port', name: 'veth1', mtu: 1400 });
    becomes([eth0], { kind: 'route-added', destination: route().destination });
    becomes([eth0], { kind: 'link', name: 'veth7', how: 'removed' });
    assert.equal(looks(), before);
  });

  test('while segments are fitted nobody looks for what was not narrow', () => {
    const { becomes, looks } = rig();
    becomes([eth0, wg0], { kind: 'link-up', name: 'wg0', mtu: 1420 });
    const before = looks();
    becomes([eth0, wg0], { kind: 'link', name: 'veth7', how: 'removed' });
    becomes([eth0, wg0], { kind: 'link-up', name: 'eth0', mtu: 1500 });
    becomes([eth0, wg0], { kind: 'route', destination: route().destination });
    assert.equal(looks(), before);
  });

  test('what the kernel refuses is tried again by who is told of it, and with the next news', async () => {
    const { fitting, becomes, changes, refuse, told, failures } = rig();
    refuse();
    becomes([eth0, wg0], { kind: 'link-up', name: 'wg0', mtu: 1420 });
    await endOfTurn();
    assert.deepEqual([told, failures()], [['ways out not looked at'], 1]);
    assert.deepEqual(becomes([eth0, wg0], { kind: 'link-up', name: 'wg0', mtu: 1420 }), ['add']);
    refuse();
    becomes([eth0], { kind: 'link', name: 'wg0', how: 'removed' });
    await endOfTurn();
    assert.equal(failures(), 2);
    await fitting.review();
    assert.deepEqual(
      changes.map(({ action }) => action),
      ['remove'],
    );
  });

  test('a network whose packets are larger is followed, and one that goes', () => {
    const { fitting, networks, changes } = rig();
    const { bridge: small, ...large } = network({ id: 'l'.repeat(64) });
    assert.ok(small);
    networks.push({ ...large, bridge: { ...small, mtu: 9000 } });
    fitting.follow();
    assert.deepEqual(
      changes.splice(0).map(({ action }) => action),
      ['add'],
    );
    networks.pop();
    fitting.follow();
    assert.deepEqual(
      changes.map(({ action }) => action),
      ['remove'],
    );
  });
});

test('a network that is given larger packets later is fitted to the ways out, and no more when they are smaller again', async () => {
  using rig = await Rig.started();
  await rig.kernel.apply([{ action: 'add', object: link('wire', 1500, { type: { kind: 'dummy' } }) }]);
  const isFitted = () =>
    rig.kernel.observe('', ['element']).some((object) => identityOf(object) === identityOf(segmentFitting));
  await rig.controller.createNetwork({ name: 'app' });
  const resize = async (mtu: string) => {
    await rig.controller.updateNetwork('app', { options: { 'com.docker.network.driver.mtu': mtu } });
    await endOfTurn();
    return isFitted();
  };
  assert.deepEqual([isFitted(), await resize('9000'), await resize('1500')], [false, true, false]);
});
