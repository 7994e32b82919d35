import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, suite, test } from 'node:test';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { parseInterfaceAddress, parseIpAddress } from '@fairlead/base';
import type { Change, KernelObject } from '@fairlead/netlink';
import { HostFacts } from './host-facts.ts';

/** A host whose one address has just gone, and a kernel that refuses the first change that this asks for. */
function rig() {
  const address: KernelObject = {
    ...{ kind: 'address', namespace: '', link: 'eth0' },
    address: parseInterfaceAddress('192.0.2.1/24'),
  };
  const made: Change[] = [];
  let refusals = 1;
  const facts = new HostFacts({
    state: { networks: [], endpoints: { behind: () => undefined } },
    kernel: {
      observe: () => [],
      apply: async (changes) => {
        if (refusals-- > 0) throw new Error('not now');
        made.push(...changes);
      },
    },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  facts.elements([address]);
  facts.notice({ kind: 'address', address: parseIpAddress('192.0.2.1') });
  return { facts, made };
}

suite('what the kernel refuses', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  test('what the kernel has refused is tried again after a second', async () => {
    const { facts, made } = rig();
    using _facts = facts;
    await endOfTurn();
    mock.timers.tick(999);
    await endOfTurn();
    assert.deepEqual(made, []);
    mock.timers.tick(1);
    await endOfTurn();
    assert.deepEqual(
      made.map(({ action }) => action),
      ['remove'],
    );
  });

  test('nothing is tried again when nobody listens any more', async () => {
    const { facts, made } = rig();
    facts[Symbol.dispose]();
    await endOfTurn();
    mock.timers.tick(10_000);
    await endOfTurn();
    assert.deepEqual(made, []);
  });
});
