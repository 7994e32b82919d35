import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { type Logger, parseIpAddress, parsePrefix } from '@fairlead/base';
import { relayTableName, segmentsTableName, tableName } from '@fairlead/firewall';
import type { Change } from '@fairlead/netlink';
import type { Loss } from '@fairlead/netlink/news';
import { lostRoutes } from '../route/connected-routes.ts';
import { Rig } from '../testing/rig.ts';
import { concerns, describeLoss, SelfRepair } from './self-repair.ts';

const change: Change = { action: 'remove', object: { kind: 'namespace', namespace: 'x' } };

/** A rig with one network that a container is on. */
async function populated() {
  const rig = await Rig.started();
  const network = await rig.controller.createNetwork({ name: 'app', ipv6: true });
  const sandbox = await rig.sandbox('web');
  const endpoint = await rig.join(sandbox, network);
  const [four, six] = network.subnets;
  const { hostInterface: cable, mac } = endpoint;
  assert.ok(network.bridge && cable && mac && four?.gateway && six?.gateway);
  return { rig, bridge: network.bridge.name, cable, mac, four, six, gateway: four.gateway };
}

test('a loss concerns us when what was lost is in the store', async () => {
  const { rig, bridge, cable, mac, four, six, gateway } = await populated();
  using _rig = rig;
  const ours: readonly Loss[] = [
    { kind: 'link', name: bridge, how: 'removed' },
    { kind: 'link', name: cable, how: 'released' },
    { kind: 'address', address: gateway },
    { kind: 'route', destination: four.subnet },
    { kind: 'route', destination: six.subnet },
    { kind: 'forwarding', family: 4 },
    { kind: 'fdb', mac },
    { kind: 'rules', table: tableName },
    { kind: 'rules', table: relayTableName },
    { kind: 'rules', table: segmentsTableName },
  ];
  for (const loss of ours) assert.ok(concerns(rig.state, loss), describeLoss(loss));
  const others: readonly Loss[] = [
    { kind: 'link', name: 'eth0', how: 'down' },
    { kind: 'address', address: parseIpAddress('192.0.2.1') },
    { kind: 'route', destination: parsePrefix('0.0.0.0/0') },
    { kind: 'rules', table: 'filter' },
  ];
  for (const loss of others) assert.ok(!concerns(rig.state, loss), describeLoss(loss));
});

test('a route that went without its address is put back, and only that', async () => {
  const { rig, bridge, four, six, gateway } = await populated();
  using _rig = rig;
  const host = rig.kernel.observe('');
  const { networks } = rig.state;
  assert.deepEqual(lostRoutes(networks, host), []);
  const without = host.filter((object) => object.kind !== 'route' || object.link !== bridge);
  const routes = { kind: 'route', namespace: '', link: bridge, protocol: 2 };
  assert.deepEqual(lostRoutes(networks, without), [
    { action: 'add', object: { ...routes, destination: four.subnet, scope: 'link', source: gateway } },
    { action: 'add', object: { ...routes, destination: six.subnet, metric: 256 } },
  ]);
  const bare = without.filter((object) => object.kind !== 'address');
  assert.deepEqual(lostRoutes(networks, bare), [], 'the kernel makes it with the address');
});

/** A self-repair whose losses are ours, and what it does. */
function keeper(outcomes: Iterator<readonly Change[] | Error, readonly Change[]>) {
  const told: string[] = [];
  let repairs = 0;
  const say = (message: string, details?: object) => void told.push(`${message} ${JSON.stringify(details)}`);
  const logger: Logger = { debug: say, info: say, warn: say, error: say };
  const self = new SelfRepair({
    state: { networks: [], endpoints: { onNetwork: () => [], behind: () => undefined } },
    logger,
    repair: async () => {
      repairs++;
      const { value } = outcomes.next();
      if (value instanceof Error) throw value;
      return value;
    },
  });
  return { self, told, lose: () => self.notice({ kind: 'rules', table: tableName }), repairs: () => repairs };
}

function* always(value: readonly Change[] | Error): Generator<readonly Change[] | Error, readonly Change[]> {
  for (;;) yield value;
}

/** Let timers and what follows them come. */
async function pass(milliseconds: number): Promise<void> {
  mock.timers.tick(milliseconds);
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

// In a suite, for hooks at the top belong to every test of the process.
describe('repairs', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  test('what is lost together is put back once, and said', async () => {
    const { self, told, lose, repairs } = keeper(always([change]));
    using _self = self;
    lose();
    lose();
    await pass(5);
    assert.equal(repairs(), 1);
    assert.deepEqual(told, [
      'put back what somebody took away {"lost":["rules of the table fairlead removed"],"made":["remove namespace x"]}',
    ]);
    lose();
    await pass(5);
    assert.equal(repairs(), 2);
  });

  test('a loss that changed nothing is not spoken of; a repair that fails is', async () => {
    const calm = keeper(always([]));
    calm.lose();
    await pass(5);
    assert.deepEqual([calm.repairs(), calm.told], [1, []]);
    calm.self[Symbol.dispose]();
    const broken = keeper(always(new Error('no')));
    broken.lose();
    await pass(5);
    assert.deepEqual(broken.told, ['not put back {"error":"no"}']);
    broken.lose();
    await pass(5);
    assert.equal(broken.repairs(), 2, 'the next loss is taken up');
    broken.self[Symbol.dispose]();
    broken.lose();
    await pass(5);
    assert.equal(broken.repairs(), 2, 'after the end nothing is');
  });

  test('somebody who goes on taking away is not fought at every turn', async () => {
    const { self, told, lose, repairs } = keeper(always([change]));
    using _self = self;
    for (let time = 0; time < 10; time++) {
      lose();
      await pass(5);
    }
    assert.equal(repairs(), 10);
    assert.match(told.at(-1) ?? '', /somebody goes on/);
    lose();
    await pass(100);
    assert.equal(repairs(), 10);
    await pass(5000);
    assert.equal(repairs(), 11);
  });
});
