import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CaptureBounds, type PacketSource, takenPackets } from './taken-packets.ts';

const packet = { link: 1, hardware: 1, isOutgoing: false, time: 0n, length: 1, bytes: Uint8Array.of(7) };

/** At which a packet has always come. */
const busy: PacketSource = {
  take: (handler) => {
    handler(packet);
    return 1;
  },
  whenReady: () => assert.fail('nobody waits for what is there'),
};

/** Pieces that come, but for so many that it does not end by itself. */
async function piecesOf(
  sources: readonly PacketSource[],
  bounds: CaptureBounds,
  signal = new AbortController().signal,
) {
  let pieces = 0;
  for await (const piece of takenPackets(sources, ({ bytes }) => [bytes], bounds, signal)) {
    pieces += piece.length;
    assert.ok(pieces < 100, 'it ends');
  }
  return pieces;
}

test('a time that is over ends it, also where there is always something to take', async () => {
  assert.equal(await piecesOf([busy], { duration: 0 }), 1);
});

test('so many packets are taken as are wanted, of all places together', async () => {
  assert.equal(await piecesOf([busy, busy], { count: 5 }), 5);
});

test('who waits for a packet can give up, and nobody is asked to call back any more', async () => {
  let waiting = 0;
  const silent: PacketSource = {
    take: () => 0,
    whenReady: () => {
      waiting++;
      return { [Symbol.dispose]: () => void waiting-- };
    },
  };
  const end = new AbortController();
  const pieces = piecesOf([silent, silent], {}, end.signal);
  assert.equal(waiting, 2);
  end.abort();
  assert.deepEqual([await pieces, waiting], [0, 0]);
  assert.equal(await piecesOf([silent], { duration: 1 }), 0);
});
