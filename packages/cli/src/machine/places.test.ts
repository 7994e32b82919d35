import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placesBelow, unitText } from './places.ts';

test('everything that is installed lies below the folder that is asked for', () => {
  for (const [name, place] of Object.entries(placesBelow('/x'))) {
    assert.match(place, name === 'address' ? /^unix:\/\/\/x\// : /^\/x\//, name);
  }
});

test('the unit ends only the daemon and manages its own cgroups', () => {
  const unit = unitText(placesBelow('/'));
  assert.match(unit, /^KillMode=process$/m);
  assert.match(unit, /^Delegate=yes$/m);
  assert.match(
    unit,
    /^ExecStart=".*\/fairlead" daemon -H unix:\/\/\/run\/fairlead\/docker\.sock --data-root \/var\/lib\/fairlead /m,
  );
});
