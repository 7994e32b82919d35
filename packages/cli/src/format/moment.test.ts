import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localMomentText, momentText } from './moment.ts';

/** Until the end of a test the process is in a zone. */
function inZone(name: string): Disposable {
  const before = process.env['TZ'];
  process.env['TZ'] = name;
  return {
    [Symbol.dispose]: () => {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    },
  };
}

test('a moment of the API is printed as Go prints it', () => {
  assert.equal(momentText('2026-11-23T00:21:06.008Z'), '2026-11-23 00:21:06.008 +0000 UTC');
  assert.equal(momentText('2026-11-23T00:21:06Z'), '2026-11-23 00:21:06 +0000 UTC');
  assert.equal(momentText('N/A'), 'N/A');
});

for (const [name, text] of [
  ['UTC', '2026-01-02 03:04:05 +0000 UTC'],
  ['America/New_York', '2026-01-01 22:04:05 -0500 EST'],
  ['Asia/Kolkata', '2026-01-02 08:34:05 +0530 +0530'],
  ['America/St_Johns', '2026-01-01 23:34:05 -0330 -0330'],
] as const) {
  test(`seconds are a moment in ${name}`, () => {
    using _ = inZone(name);
    assert.equal(localMomentText(1_767_323_045), text);
  });
}
