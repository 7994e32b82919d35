import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  atLeast,
  atMost,
  atMostOfLine,
  isMet,
  measured,
  measuredInPairs,
  mediansOf,
  note,
  reaching,
  type Samples,
  within,
} from './measurement.ts';

test('samples become one summary for each contender that took part', () => {
  const samples: Samples = {};
  for (const value of [3, 1, 2]) note(samples, 'fairlead', value);
  note(samples, 'dockerd', 9);
  const line = measured({ subject: 's', what: 'w', unit: 'ms' }, samples);
  assert.deepEqual(mediansOf(line), { fairlead: 2, dockerd: 9 });
  assert.equal(line.results.fairlead?.count, 3);
});

test('a goal against a peer is met, missed, or unknown without the peer', () => {
  const goal = atMost(0.35, 'dockerd');
  assert.equal(goal.text, '≤ 0.35 × dockerd');
  assert.equal(goal.isMet({ fairlead: 35, dockerd: 100 }), true);
  assert.equal(goal.isMet({ fairlead: 36, dockerd: 100 }), false);
  assert.equal(goal.isMet({ fairlead: 36 }), undefined);
});

test('rates are to be high', () => {
  assert.equal(atLeast(1, 'dockerd').isMet({ fairlead: 90_000, dockerd: 81_000 }), true);
  assert.equal(atLeast(1, 'dockerd').isMet({ fairlead: 80_000, dockerd: 81_000 }), false);
});

test('a fixed limit needs no peer', () => {
  assert.equal(reaching(100, 'MB/s').isMet({ fairlead: 100 }), true);
  assert.equal(reaching(100, 'MB/s').isMet({ fairlead: 99.9 }), false);
  assert.equal(reaching(100, 'MB/s').isMet({ dockerd: 100 }), undefined);
  assert.equal(within(300, 'ms').isMet({ fairlead: 300 }), true);
  assert.equal(within(0, '%').isMet({ fairlead: 0.1 }), false);
  assert.equal(within(0, '%').isMet({ dockerd: 0 }), undefined);
});

test('a line may be compared with another one of the same run', () => {
  const line = { subject: 'ports', what: 'one', unit: 'ms' };
  const goal = atMostOfLine(2, measured(line, { fairlead: [5] }), 'one port');
  assert.equal(goal.text, '≤ 2 × one port');
  assert.equal(goal.isMet({ fairlead: 10 }), true);
  assert.equal(goal.isMet({ fairlead: 11 }), false);
  assert.equal(atMostOfLine(2, measured(line, {}), 'one port').isMet({ fairlead: 1 }), undefined);
});

test('samples that come in pairs are compared pair by pair, whatever became of the machine between them', () => {
  const line = { subject: 'trace', what: 'bytes', unit: 'MB/s', goal: atLeast(0.95, 'floor') };
  const samples = { floor: [100, 10, 1000], fairlead: [96, 9.7, 940] };
  const measurement = measuredInPairs(line, samples);
  assert.equal(measurement.ratios?.floor?.median, 0.96);
  assert.equal(isMet(measurement), true);
  assert.equal(isMet(measuredInPairs({ ...line, goal: atLeast(0.965, 'floor') }, samples)), false);
  assert.equal(isMet(measuredInPairs({ ...line, goal: atMost(1.02, 'floor') }, samples)), true);
  assert.equal(isMet(measuredInPairs(line, { fairlead: [1] })), undefined);
});
