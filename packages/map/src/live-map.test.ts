import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { LinkStatistics } from '@fairlead/netlink';
import { LiveMap, type MapSources } from './live-map.ts';
import type { HostObservation } from './model/host-observation.ts';
import type { FindingView, MapEvent } from './model/map-view.ts';

const quick = { settle: 1, rates: 5, readingsPerLook: 1000 };
const finding: FindingView = { code: 'x', severity: 'error', text: 'why', evidence: [], affects: [], fixes: [] };

/** A machine with one uplink whose counters move when they are told to. */
class FakeMachine implements MapSources {
  hostname = 'box';
  bytes = 0;
  open = 0;
  looks = 0;
  examinations = 0;
  readonly failures: unknown[] = [];
  changed = (): void => {};

  readonly names = () => ({ networks: [], containers: [] });
  readonly failed = (error: unknown): void => void this.failures.push(error);
  readonly openObserver = (changed: () => void) => {
    this.open++;
    this.changed = changed;
    return {
      observe: () => this.#observe(),
      counters: () => ({ time: performance.now(), links: new Map([['eth0', counters(this.bytes)]]) }),
      forwardingEntries: () => [],
      [Symbol.dispose]: () => {
        this.open--;
      },
    };
  };
  readonly examine = async () => {
    this.examinations++;
    await turn();
    return [finding];
  };
  async *happenings(signal: AbortSignal): AsyncGenerator<unknown> {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }

  #observe(): HostObservation {
    this.looks++;
    return {
      hostname: this.hostname,
      links: [{ index: 2, name: 'eth0', up: true, mtu: 1500 }],
      addresses: [{ link: 'eth0', address: '192.0.2.2/24' }],
      gateways: [],
      foreign: [],
    };
  }
}

function counters(receivedBytes: number): LinkStatistics {
  const none = { receivedPackets: 0, sentPackets: 0, receiveErrors: 0, sendErrors: 0 };
  return { ...none, receivedBytes, sentBytes: 0, receiveDropped: 0, sendDropped: 0 };
}

function watchOf(map: LiveMap) {
  const end = new AbortController();
  const events = map.watch(end.signal);
  return {
    stop: async () => {
      end.abort();
      await events.return(undefined);
    },
    /** The next event of a type. */
    async next<T extends MapEvent['type']>(type: T): Promise<Extract<MapEvent, { type: T }>> {
      for (;;) {
        const { value, done } = await events.next();
        if (done === true) assert.fail(`no event ${type}`);
        if (value.type === type) return value as Extract<MapEvent, { type: T }>;
      }
    },
  };
}

test('nothing runs without a watcher, and nothing is left after the last one', async () => {
  const machine = new FakeMachine();
  const map = new LiveMap(machine, quick);
  assert.equal(map.view().host.name, 'box');
  assert.equal(machine.open, 0);
  const [one, two] = [watchOf(map), watchOf(map)];
  await Promise.all([one.next('view'), two.next('view')]);
  assert.equal(machine.open, 1, 'watchers share what is looked at');
  await one.stop();
  assert.equal(map.isWatched, true);
  await two.stop();
  assert.equal(map.isWatched, false);
  assert.equal(machine.open, 0);
  const { looks } = machine;
  machine.changed();
  await sleep(20);
  assert.equal(machine.looks, looks);
});

test('many signs of a change are one look, and only what is different is told', async () => {
  const machine = new FakeMachine();
  const map = new LiveMap(machine, { ...quick, rates: 100_000 });
  const watch = watchOf(map);
  await watch.next('view');
  const { looks } = machine;
  machine.hostname = 'other';
  for (let count = 0; count < 100; count++) machine.changed();
  const { delta } = await watch.next('delta');
  assert.deepEqual(Object.keys(delta), ['host']);
  assert.equal(machine.looks, looks + 1);
  await watch.stop();
});

test('rates come when something moves, and again when it stops', async () => {
  const machine = new FakeMachine();
  const map = new LiveMap(machine, quick);
  const watch = watchOf(map);
  await watch.next('view');
  machine.bytes += 10_000;
  const moving = (await watch.next('rates')).rates['link:eth0'];
  assert.ok(moving !== undefined && moving[0] > 0);
  const stopped = (await watch.next('rates')).rates['link:eth0'];
  assert.deepEqual(stopped, [0, 0, 0]);
  await watch.stop();
});

test('the doctor is asked once for all who ask at a time, and what it says is kept and told', async () => {
  const machine = new FakeMachine();
  const map = new LiveMap(machine, quick);
  const watch = watchOf(map);
  await watch.next('view');
  assert.deepEqual(await Promise.all([map.examine(), map.examine()]), [[finding], [finding]]);
  assert.equal(machine.examinations, 1);
  assert.deepEqual((await watch.next('delta')).delta.findings, [finding]);
  await watch.stop();
  assert.deepEqual(map.view().findings, [finding]);
});

test('a look that fails is told to the engine, and the watch goes on', async () => {
  const machine = new FakeMachine();
  const map = new LiveMap(machine, quick);
  const watch = watchOf(map);
  await watch.next('view');
  const { names } = machine;
  Object.assign(machine, {
    names: () => {
      throw new Error('gone');
    },
  });
  machine.changed();
  await sleep(20);
  assert.equal(machine.failures.length, 1);
  Object.assign(machine, { names });
  machine.hostname = 'back';
  machine.changed();
  assert.equal((await watch.next('delta')).delta.host?.name, 'back');
  await watch.stop();
});

test('a watch that cannot begin leaves nothing that runs', async () => {
  const machine = new FakeMachine();
  let followed = 0;
  const { openObserver, happenings } = machine;
  Object.assign(machine, {
    openObserver: (changed: () => void) => ({ ...openObserver(changed), counters: () => assert.fail('no counters') }),
    happenings: (signal: AbortSignal) => {
      followed++;
      return happenings(signal);
    },
  });
  const map = new LiveMap(machine, quick);
  await assert.rejects(watchOf(map).next('view'), /no counters/);
  assert.deepEqual([map.isWatched, machine.open, followed], [false, 0, 0]);
});

test('what the doctor finds is told also where the host cannot be looked at then', async () => {
  const machine = new FakeMachine();
  const map = new LiveMap(machine, quick);
  const watch = watchOf(map);
  await watch.next('view');
  Object.assign(machine, { names: () => assert.fail('gone') });
  assert.deepEqual(await map.examine(), [finding]);
  assert.equal(machine.failures.length, 1);
  await watch.stop();
});

test('what is not on the map has no kernel view', () => {
  const map = new LiveMap(new FakeMachine(), quick);
  assert.equal(map.kernelView('link:eth0').title, 'eth0');
  assert.throws(() => map.kernelView('tile:x'), { code: 'not-found' });
});
