import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MapAdmission, type Visit } from './map-admission.ts';

/** Keys are k0 (the page's), k1, k2... */
function admission(): MapAdmission {
  let count = 0;
  return new MapAdmission(() => `k${count++}`);
}

const visit = (target: string, change: Partial<Visit> = {}): Visit => ({
  target,
  host: '127.0.0.1:4000',
  origin: undefined,
  site: undefined,
  ...change,
});

test('an invitation opens the page once', () => {
  const door = admission();
  const key = door.invite();
  assert.deepEqual(door.judge(visit(`/open/${key}`)), { kind: 'redirect', location: '/k0/fairlead/map/' });
  assert.equal(door.judge(visit(`/open/${key}`)).kind, 'refuse');
});

test('with the key in its path a request is passed on without it', () => {
  assert.deepEqual(admission().judge(visit('/k0/fairlead/map/events?a=/b')), {
    kind: 'pass',
    target: '/fairlead/map/events?a=/b',
  });
});

const good: [name: string, change: Partial<Visit>][] = [
  ['a forwarded port', { host: 'localhost:9' }],
  ['IPv6', { host: '[::1]:4000' }],
  ['its own page', { origin: 'http://127.0.0.1:4000', site: 'same-origin' }],
  ['an address that was typed', { site: 'none' }],
];
for (const [name, change] of good) {
  test(`${name} is let in`, () => assert.equal(admission().judge(visit('/k0/fairlead/map/', change)).kind, 'pass'));
}

const bad: [name: string, visit: Visit][] = [
  ['no key', visit('/fairlead/map/')],
  ['a wrong key', visit('/k1/fairlead/map/')],
  ['the beginning of the key', visit('/k/fairlead/map/')],
  ['nothing at all', visit('')],
  ['an invitation in place of the key', visit('/k1/fairlead/map/')],
  ['the key in place of an invitation', visit('/open/k0')],
  ['an empty invitation', visit('/open/')],
  ['another name for 127.0.0.1', visit('/k0/fairlead/map/', { host: 'evil.example:4000' })],
  ['a name that begins like ours', visit('/k0/fairlead/map/', { host: '127.0.0.1.evil.example' })],
  ['no host', visit('/k0/fairlead/map/', { host: undefined })],
  ['another site’s page', visit('/k0/fairlead/map/', { origin: 'https://evil.example' })],
  ['another port’s page', visit('/k0/fairlead/map/', { origin: 'http://127.0.0.1:1' })],
  ['a link on another site', visit('/k0/fairlead/map/', { site: 'cross-site' })],
];
for (const [name, request] of bad) {
  test(`${name} is refused`, () => {
    const door = admission();
    door.invite();
    assert.equal(door.judge(request).kind, 'refuse');
  });
}

test('only the last invitations are remembered', () => {
  const door = admission();
  const first = door.invite();
  for (let count = 0; count < 8; count++) door.invite();
  assert.equal(door.judge(visit(`/open/${first}`)).kind, 'refuse');
});
