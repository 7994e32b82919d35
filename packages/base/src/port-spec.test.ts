import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  commonRange,
  formatPortRange,
  formatPortSpec,
  joinRanges,
  parsePortRange,
  parsePortSpec,
  withoutRange,
} from './port-spec.ts';

const one = (port: number) => ({ first: port, last: port });

test('every form of -p is understood', () => {
  assert.deepEqual(parsePortSpec('80'), { protocol: 'tcp', containerPorts: one(80) });
  assert.deepEqual(parsePortSpec('8080:80'), { protocol: 'tcp', containerPorts: one(80), hostPorts: one(8080) });
  assert.deepEqual(parsePortSpec('53:53/UDP'), { protocol: 'udp', containerPorts: one(53), hostPorts: one(53) });
  assert.deepEqual(parsePortSpec('127.0.0.1::80'), {
    protocol: 'tcp',
    containerPorts: one(80),
    hostAddress: '127.0.0.1',
  });
  assert.deepEqual(parsePortSpec('[::1]:8080:80/sctp'), {
    protocol: 'sctp',
    containerPorts: one(80),
    hostAddress: '::1',
    hostPorts: one(8080),
  });
  assert.deepEqual(parsePortSpec('8000-8010:80'), {
    protocol: 'tcp',
    containerPorts: one(80),
    hostPorts: { first: 8000, last: 8010 },
  });
});

const wrong: [text: string, message: RegExp][] = [
  ['8080:', /^no port specified: 8080:<empty>$/],
  ['8080:x', /^invalid containerPort: x$/],
  ['x:80', /^invalid hostPort: x$/],
  ['80/icmp', /^invalid proto: icmp$/],
  ['300.1.1.1:80:80', /^invalid IP address: 300.1.1.1$/],
  ['80-82:90-95', /^invalid ranges specified for container and host Ports: 90-95 and 80-82$/],
  ['70000', /^invalid containerPort: 70000$/],
];

test('what is wrong is said in the words of the docker command', () => {
  for (const [text, message] of wrong) {
    assert.throws(() => parsePortSpec(text), { code: 'invalid-argument', message }, text);
  }
});

test('a spec is read back from its own text', () => {
  for (const text of [
    '80/tcp',
    '8080:80/tcp',
    '127.0.0.1::80/udp',
    '[fd00::1]:8080-8081:80-81/tcp',
    '10.0.0.1:53:53/udp',
  ]) {
    assert.equal(formatPortSpec(parsePortSpec(text)), text);
  }
});

test('a range goes upward and stays within 16 bits', () => {
  assert.deepEqual(parsePortRange('5-9'), { first: 5, last: 9 });
  for (const text of ['9-5', '1-65536', '-1', '1-', '']) assert.equal(parsePortRange(text), undefined, text);
});

function range(text: string) {
  const [first = 0, last = first] = text.split('-').map(Number);
  return { first, last };
}

const cuts: readonly [range: string, removed: string, left: string][] = [
  ['10-20', '30-40', '10-20'],
  ['10-20', '5-9', '10-20'],
  ['10-20', '10-20', ''],
  ['10-20', '5-25', ''],
  ['10-20', '5-12', '13-20'],
  ['10-20', '18-30', '10-17'],
  ['10-20', '12-18', '10-11 19-20'],
];

test('ranges that touch or overlap are one, in whatever order they come', () => {
  for (const [texts, joined] of [
    ['', ''],
    ['82 80 81', '80-82'],
    ['80 82', '80 82'],
    ['10-20 15 12-25 27', '10-25 27'],
    ['5 5', '5'],
  ] as const) {
    const ranges = texts.split(' ').flatMap((text) => parsePortRange(text) ?? []);
    assert.equal(joinRanges(ranges).map(formatPortRange).join(' '), joined);
  }
});

for (const [whole, removed, left] of cuts) {
  test(`${whole} without ${removed} is ${left || 'nothing'}, and the rest is common to both`, () => {
    const pieces = withoutRange(range(whole), range(removed));
    assert.equal(pieces.map(({ first, last }) => `${first}-${last}`).join(' '), left);
    const count = [...pieces, ...commonRange(range(whole), range(removed))].reduce(
      (sum, each) => sum + each.last - each.first + 1,
      0,
    );
    assert.equal(count, 11);
  });
}
