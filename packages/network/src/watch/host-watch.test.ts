import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, suite, test } from 'node:test';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { News } from '@fairlead/netlink/news';
import { BridgeGuests } from '../bridge/bridge-guests.ts';
import { HostFacts } from './host-facts.ts';
import { watchHost } from './host-watch.ts';

/** An empty host that is followed: who has looked at it, and who has compared it with the store. */
async function rig() {
  let tell: (news: News) => void = () => {};
  const looked: string[] = [];
  let repairs = 0;
  const logger = { debug() {}, info() {}, warn() {}, error: (text: string) => assert.fail(text) };
  const state = { networks: [], endpoints: { behind: () => undefined, onNetwork: () => [] } };
  const kernel = {
    observe: (_namespace: string, kinds: readonly string[] = []) => {
      looked.push(kinds.join(' '));
      return [];
    },
    apply: async () => assert.fail('there is nothing to change'),
    bridgeGuests: () => [],
    links: () => [],
    watchNews: async (onNews: (news: News) => void) => {
      tell = onNews;
      return { [Symbol.dispose]() {} };
    },
  };
  const gateways = { notice() {}, review() {}, texts: () => [], [Symbol.dispose]() {} };
  const watch = await watchHost({
    ...{ state, kernel, logger, rulesAreProtected: true },
    facts: new HostFacts({ state, kernel, logger }),
    guests: new BridgeGuests({ state, kernel, logger, gateways, isShared: () => false }),
    repair: async () => {
      repairs++;
      return [];
    },
  });
  return { watch, tell: (news: News) => tell(news), looks: () => looked.splice(0).sort(), repairs: () => repairs };
}

suite('news that were missed', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  test('when news were missed everything is looked at once more, soon and once', async () => {
    const { watch, tell, looks, repairs } = await rig();
    using _watch = watch;
    const first = looks();
    assert.ok(
      first.includes('link address') && first.includes('link route') && first.includes('route rule'),
      `${first}`,
    );
    for (let times = 0; times < 3; times++) tell({ kind: 'unheard' });
    assert.deepEqual([looks(), repairs()], [[], 0]);
    mock.timers.tick(1_000);
    mock.timers.tick(10);
    await endOfTurn();
    assert.deepEqual([looks(), repairs()], [first, 1]);
  });

  test('who listens no more does not look', async () => {
    const { watch, tell, looks, repairs } = await rig();
    looks();
    tell({ kind: 'unheard' });
    watch[Symbol.dispose]();
    mock.timers.tick(10_000);
    assert.deepEqual([looks(), repairs()], [[], 0]);
  });
});
