import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBindings, withoutBindings } from './port-change.ts';

const present = ['8080:80', '127.0.0.1:8081:80', '53:53/udp', '443', '9000-9001:90-91'].flatMap(parseBindings);
const without = (...specs: string[]) => withoutBindings(present, specs.flatMap(parseBindings)).length;

test('a text is one binding for each container port', () => {
  assert.deepEqual(
    parseBindings('127.0.0.1:9000-9001:90-91/udp').map(({ containerPort, hostPorts }) => [
      containerPort,
      hostPorts?.first,
    ]),
    [
      [90, 9000],
      [91, 9001],
    ],
  );
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
