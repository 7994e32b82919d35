import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presentEvent } from './event.ts';

test('an event of no one thing has an id in one place only', () => {
  const attributes = { reclaimed: '0' };
  const shown = presentEvent({ type: 'image', action: 'prune', id: '', attributes, time: 1_000_000_002n }, 51);
  assert.deepEqual(JSON.parse(shown), {
    status: 'prune',
    Type: 'image',
    Action: 'prune',
    Actor: { ID: '', Attributes: attributes },
    scope: 'local',
    time: 1,
    timeNano: 1_000_000_002,
  });
});
