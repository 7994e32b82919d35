import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DiskPace } from './disk-pace.ts';

test('after a write that was held up there is a rest, the longer the more often; a quick one ends that', () => {
  let time = 0;
  const pace = new DiskPace(() => time);
  const write = (milliseconds: number) =>
    pace.run(() => {
      time += milliseconds;
    });
  const rest = () => {
    const start = time;
    while (!pace.isQuick) time += 100;
    return time - start;
  };
  write(1);
  assert.equal(rest(), 0);
  write(30);
  assert.equal(rest(), 1000);
  write(200);
  assert.equal(rest(), 2000);
  for (let index = 0; index < 10; index++) write(200);
  assert.ok(rest() <= 64_000);
  write(1);
  write(30);
  assert.equal(rest(), 1000);
});

test('a write that fails counts too, and what it throws gets out', () => {
  let time = 0;
  const pace = new DiskPace(() => time);
  const fail = () => {
    time += 50;
    throw new Error('no space');
  };
  assert.throws(() => pace.run(fail), /no space/);
  assert.equal(pace.isQuick, false);
});
