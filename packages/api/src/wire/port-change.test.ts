import assert from 'node:assert/strict';
import { test } from 'node:test';
import { singleBindings } from '@fairlead/engine';
import { parseBinding, textOf, withoutBindings } from './port-change.ts';

const present = ['8080:80', '127.0.0.1:8081:80', '53:53/udp', '443', '9000-9001:90-91'].map(parseBinding);
const without = (...specs: string[]) =>
  withoutBindings(present, specs.map(parseBinding)).flatMap(singleBindings).length;

test('a text is one binding, however many ports it is about', () => {
  assert.deepEqual(parseBinding('127.0.0.1:9000-9001:90-91/udp'), {
    protocol: 'udp',
    containerPort: 90,
    count: 2,
    hostAddress: '127.0.0.1',
    hostPorts: { first: 9000, last: 9001 },
  });
  assert.deepEqual(parseBinding('9000-9001:90'), {
    protocol: 'tcp',
    containerPort: 90,
    hostPorts: { first: 9000, last: 9001 },
  });
});

test('a range is cut where a part of it is taken away', () => {
  const range = [parseBinding('8000-8009:80-89')];
  const left = (...specs: string[]) => withoutBindings(range, specs.map(parseBinding)).map(textOf);
  assert.deepEqual(left('85'), ['8000-8004:80-84/tcp', '8006-8009:86-89/tcp']);
  assert.deepEqual(left('8000-8001:80-81', '89'), ['8002-8008:82-88/tcp']);
  assert.deepEqual(left('80-89'), []);
  assert.throws(() => left('8001-8002:80-81'), { message: 'port 8001:80/tcp is not published' });
  assert.throws(() => left('85-90'), { message: 'port 90/tcp is not published' });
});

const removals: readonly (readonly [specs: readonly string[], left: number])[] = [
  [['80'], 4],
  [['8080:80'], 5],
  [['127.0.0.1:8081:80'], 5],
  [['53/udp'], 5],
  [['9000-9001:90-91'], 4],
  [['91'], 5],
  [['80', '443'], 3],
];
for (const [specs, left] of removals) {
  test(`without ${specs.join(' and ')} ${left} are left`, () => assert.equal(without(...specs), left));
}

const missing: readonly (readonly [specs: readonly string[], message: string])[] = [
  [['81'], 'port 81/tcp is not published'],
  [['53/tcp'], 'port 53/tcp is not published'],
  [['8082:80'], 'port 8082:80/tcp is not published'],
  [['0.0.0.0:8080:80'], 'port 0.0.0.0:8080:80/tcp is not published'],
  [['443', '443'], 'port 443/tcp is not published'],
];
for (const [specs, message] of missing) {
  test(`without ${specs.join(' and ')}: ${message}`, () => {
    assert.throws(() => without(...specs), { code: 'not-found', message });
  });
}
