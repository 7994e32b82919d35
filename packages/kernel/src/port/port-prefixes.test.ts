import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portPrefixes } from './port-prefixes.ts';

const cases: readonly [first: number, last: number, prefixes: string][] = [
  [80, 80, '80/16'],
  [8080, 8089, '8080/13 8088/15'],
  [1, 2, '1/16 2/16'],
  [0, 65535, '0/0'],
  [20000, 29999, '20000/11 20032/10 20096/9 20224/8 20480/4 24576/4 28672/6 29696/8 29952/11 29984/12'],
];

for (const [first, last, prefixes] of cases) {
  test(`${first}-${last} are ${prefixes}`, () => {
    assert.equal(
      portPrefixes({ first, last })
        .map(({ port, bits }) => `${port}/${bits}`)
        .join(' '),
      prefixes,
    );
  });
}

test('no range takes more than 30', () => {
  assert.equal(portPrefixes({ first: 1, last: 65534 }).length, 30);
});
