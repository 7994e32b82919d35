import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkChanges, type LinkState } from './link-changes.ts';

const bridge: LinkState = { index: 7, name: 'br-app', up: true, mtu: 1500 };

function known(): LinkChanges {
  const changes = new LinkChanges();
  assert.deepEqual(changes.seen(bridge, 0), []);
  return changes;
}

const cases: [name: string, change: Partial<LinkState>, told: string[]][] = [
  ['nothing', {}, []],
  ['down', { up: false }, ['br-app set down']],
  ['another size', { mtu: 1400 }, ['br-app: MTU 1500 changed to 1400']],
  ['another name', { name: 'mine' }, ['br-app renamed to mine']],
  ['into a bridge', { master: 9 }, ['br-app put into another bridge']],
  ['two at once', { up: false, mtu: 9000 }, ['br-app set down', 'br-app: MTU 1500 changed to 9000']],
];

for (const [name, change, told] of cases) {
  test(`what another program did to an interface is told: ${name}`, () => {
    assert.deepEqual(known().seen({ ...bridge, ...change }, 10), told);
  });
}

test('what we have just touched ourselves is not told, and later it is', () => {
  const changes = known();
  changes.touch('br-app', 100);
  assert.deepEqual(changes.seen({ ...bridge, up: false }, 200), []);
  assert.deepEqual(changes.address(bridge, '10.9.1.1/24', 'added', 300), []);
  assert.deepEqual(changes.seen(bridge, 5000), ['br-app set up']);
});

test('an interface that is removed is told, unless its namespace went', () => {
  assert.deepEqual(known().gone(7, 10), ['br-app removed']);
  const changes = known();
  changes.touchAll(5);
  assert.deepEqual(changes.gone(7, 10), []);
  assert.deepEqual(known().gone(8, 10), []);
});

test('addresses are told, but not those that the kernel makes, nor that one is there for longer', () => {
  const changes = known();
  const card = { index: 2, name: 'eth0' };
  changes.knowAddress(2, '2001:db8::9/64');
  assert.deepEqual(changes.address(bridge, '10.9.1.1/24', 'removed', 10), ['br-app: address 10.9.1.1/24 removed']);
  assert.deepEqual(changes.address(bridge, 'fe80::1/64', 'added', 10), []);
  assert.deepEqual(changes.address(card, '2001:db8::9/64', 'added', 10), []);
  assert.deepEqual(changes.address(card, '2001:db8::9/64', 'removed', 10), ['eth0: address 2001:db8::9/64 removed']);
  assert.deepEqual(changes.address(card, '2001:db8::9/64', 'added', 10), ['eth0: address 2001:db8::9/64 added']);
});
