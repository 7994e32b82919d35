import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ContainerTurns } from './patience.ts';

/** Work that goes on until it is given up. */
const untilGivenUp = (signal: AbortSignal) =>
  new Promise<string>((resolve) => {
    if (signal.aborted) return resolve('given up');
    signal.addEventListener('abort', () => resolve('given up'));
  });

describe('the turns of containers', () => {
  test('are not held up by who waits when that is given up, nor by who was about to', async () => {
    const turns = new ContainerTurns();
    const joins = ['lan', 'home'].map((network) =>
      turns.patiently('web', { network }, (signal) => turns.run('web', () => untilGivenUp(signal))),
    );
    const ended = turns.run('web', () => 'ended');
    assert.equal(turns.giveUp('db'), false);
    assert.equal(turns.giveUp('web', 'other'), false);
    assert.equal(turns.giveUp('web'), true);
    assert.deepEqual(await Promise.all([...joins, ended]), ['given up', 'given up', 'ended']);
    assert.equal(turns.giveUp('web'), false);
  });

  test('go on for who joins another network, and end for him too with the engine', async () => {
    const turns = new ContainerTurns();
    let isOver = false;
    const joining = turns.patiently('web', { network: 'lan' }, untilGivenUp).then(() => (isOver = true));
    const leaving = turns.patiently('web', { network: 'home' }, untilGivenUp);
    turns.giveUp('web', 'home');
    await leaving;
    assert.equal(isOver, false);
    await turns.giveUpAll();
    assert.equal(isOver, true);
    await joining;
  });

  test('are given up by who asked', async () => {
    const asker = new AbortController();
    const joining = new ContainerTurns().patiently('web', { signal: asker.signal }, untilGivenUp);
    asker.abort();
    assert.equal(await joining, 'given up');
  });
});
