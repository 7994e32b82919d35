import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assemble, exit, jumpEqual, jumpUnequal, label, load, loadMap, set, setLong, store } from './bpf-assembler.ts';

function hex(bytes: Uint8Array): string[] {
  return Buffer.from(bytes).toString('hex').match(/.{16}/g) ?? [];
}

test('instructions are encoded as RFC 9669 has them', () => {
  assert.deepEqual(hex(assemble([set(0, -1), load(4, 1, 6, 8), store(8, 10, -16, 1), exit()])), [
    'b7000000ffffffff',
    '6161080000000000',
    '7b1af0ff00000000',
    '9500000000000000',
  ]);
});

test('a map takes two instructions, and jumps count both', () => {
  const program = assemble([jumpEqual(1, 7, 'end'), ...loadMap(2, 5), label('end'), exit()]);
  assert.deepEqual(hex(program), ['1501020007000000', '1812000005000000', '0000000000000000', '9500000000000000']);
});

test('a long number takes two instructions', () => {
  const program = assemble([...setLong(1, 0x1122334455667788n), jumpUnequal(0, 1, 'end'), label('end')]);
  assert.deepEqual(hex(program), ['1801000088776655', '0000000044332211', '5d10000000000000']);
});

test('a jump to a place that there is not is refused', () => {
  assert.throws(() => assemble([jumpEqual(1, 0, 'nowhere')]), /a jump to nowhere/);
});
