import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { groupWildcards } from './port-group.ts';

test('both wildcards of the same ports come together, other addresses stay alone', () => {
  const [v4, v6, one] = ['0.0.0.0', '::', '192.0.2.1'].map(parseIpAddress);
  assert.ok(v4 && v6 && one);
  const on = (address: typeof v4, first = 80) => ({ protocol: 'tcp', address, first, last: 89 }) as const;
  assert.deepEqual(groupWildcards([on(v4), on(one), on(v6), on(v4, 81)]), [
    { protocol: 'tcp', first: 80, last: 89, addresses: [v4, v6] },
    { protocol: 'tcp', first: 80, last: 89, addresses: [one] },
    { protocol: 'tcp', first: 81, last: 89, addresses: [v4] },
  ]);
});
