import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PacketRing } from './packet-ring.ts';

/** Memory that sockets share with this process. */
function mappings(): number {
  return readFileSync('/proc/self/maps', 'utf8').match(/socket:\[/g)?.length ?? 0;
}

/** Keep nothing. */
const program = [{ code: 0x06, jt: 0, jf: 0, k: 0 }];

test('a ring that cannot be opened leaves no memory behind', () => {
  assert.throws(() => new PacketRing({ link: 0x7fff_ffff, program }), /ENODEV/);
  assert.equal(mappings(), 0);
  using _ring = new PacketRing({ program });
  assert.equal(mappings(), 1, 'one that is open has some');
});
