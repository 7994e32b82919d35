import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { type Logger, type Prefix, parsePrefix } from '@fairlead/base';
import type { KernelObject, RouteObject } from '@fairlead/netlink';
import type { News } from '@fairlead/netlink/news';
import type { Network } from '../model.ts';
import { network, parented } from '../testing/samples.ts';
import { RouteWatch } from './route-watch.ts';

const lan = parented({}, { id: 'lan', name: 'lan' });

function route(destination: string, link: string): RouteObject {
  return { kind: 'route', namespace: '', destination: parsePrefix(destination), link };
}

const own = route('10.0.0.0/24', 'br-app');
const vpn = route('10.0.0.0/8', 'wg0');

/** A host with the networks `app` (10.0.0.0/24, fd00::/64) and `lan` (10.0.0.0/24 on eth0), what is said, and looks at it. */
function rig() {
  const networks: Network[] = [network({ subnets: ['4', '6'] }), lan];
  let routes: readonly KernelObject[] = [own];
  let looks = 0;
  const told: string[] = [];
  const say = (level: string) => (message: string, details?: object) =>
    void told.push(`${level}: ${message} ${JSON.stringify(details)}`);
  const logger: Logger = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
  const observe = () => {
    looks++;
    return [...routes];
  };
  const watch = new RouteWatch({ networks, kernel: { observe }, logger });
  const arrives = (destination: Prefix): News => ({ kind: 'route-added', destination });
  return {
    ...{ watch, networks, told, arrives, looks: () => looks },
    set: (...now: KernelObject[]) => {
      routes = now;
    },
  };
}

// In a suite, for hooks at the top belong to every test of the process.
describe('routes of others', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());
  const pass = () => mock.timers.tick(100);

  test('a VPN that comes up is warned of once, for the network that it concerns, and said to be gone', () => {
    const { watch, set, told, arrives } = rig();
    using _watch = watch;
    set(own, vpn, route('0.0.0.0/0', 'wg0'));
    watch.notice(arrives(vpn.destination));
    watch.notice(arrives(vpn.destination));
    pass();
    assert.equal(told.length, 1);
    assert.match(
      told[0] ?? '',
      /^warn: a route leads away.*"network":"app","route":"10\.0\.0\.0\/8 dev wg0".*lies within/,
    );
    watch.notice(arrives(parsePrefix('10.0.0.128/25')));
    pass();
    assert.equal(told.length, 1, 'nothing is said twice');
    set(own);
    watch.notice({ kind: 'route', destination: vpn.destination });
    pass();
    assert.deepEqual(told.slice(1), [
      'info: a route leads away with addresses of a network no longer {"network":"app","route":"10.0.0.0/8 dev wg0"}',
    ]);
  });

  test('a route that goes with its link is missed as well', () => {
    const { watch, set, told } = rig();
    using _watch = watch;
    set(own, vpn);
    watch.review();
    set(own);
    watch.notice({ kind: 'link', name: 'wg0', how: 'removed' });
    pass();
    assert.match(told[1] ?? '', /no longer/);
  });

  test('a table that a VPN has asked before the main one is warned of, whatever came first, and its end is told', () => {
    const { watch, set, told } = rig();
    using _watch = watch;
    const rule = (priority: number, table: number) =>
      ({ kind: 'rule', namespace: '', family: 4, priority, table }) as const;
    const exit: RouteObject = { ...route('0.0.0.0/0', 'tailscale0'), table: 52 };
    set(own, rule(32_766, 254), exit);
    watch.notice({ kind: 'route-added', destination: exit.destination, table: 52 });
    pass();
    assert.deepEqual(told, []);
    set(own, rule(5270, 52), rule(32_766, 254), exit);
    watch.notice({ kind: 'policy' });
    pass();
    assert.match(told[0] ?? '', /^warn: .*"route":"0\.0\.0\.0\/0 dev tailscale0 table 52".*asked before the main one/);
    set(own, rule(32_766, 254), exit);
    watch.notice({ kind: 'policy' });
    pass();
    assert.match(told[1] ?? '', /^info: .*no longer .*table 52/);
  });

  test('nobody looks for news that concern nobody', () => {
    const { watch, arrives, looks } = rig();
    using _watch = watch;
    for (const destination of ['0.0.0.0/0', '::/0', '10.1.0.0/16', '192.0.2.0/24', 'fe80::/64'])
      watch.notice(arrives(parsePrefix(destination)));
    watch.notice({ kind: 'route', destination: parsePrefix('10.0.0.0/8') });
    watch.notice({ kind: 'link', name: 'eth0', how: 'down' });
    watch.notice({ kind: 'forwarding', family: 4 });
    pass();
    assert.equal(looks(), 0);
  });

  test('a network that is gone is not spoken of, and a failure is told', () => {
    const { watch, set, networks, told } = rig();
    using _watch = watch;
    set(own, route('fd00::/8', 'wg0'));
    watch.review();
    assert.match(told[0] ?? '', /fd00::\/8/);
    networks.shift();
    watch.review();
    assert.equal(told.length, 1);
    const broken = new RouteWatch({
      networks: [],
      kernel: { observe: () => assert.fail('gone') },
      logger: { debug: () => {}, info: () => {}, warn: () => {}, error: (text) => void told.push(text) },
    });
    broken.review();
    assert.equal(told[1], 'routes of others not looked at');
  });
});
