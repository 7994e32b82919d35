import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FairleadError, silentLogger } from '@fairlead/base';
import type { Plugin } from './plugin-model.ts';
import { RunningPlugin } from './running-plugin.ts';

const patience = { listening: 200, ending: 50, firstPause: 1, longestPause: 4, steady: 1000 };

/** A process in memory that does what a test tells it. */
class FakeProcess {
  readonly did: string[] = [];
  readonly socket = '/run/p.sock';
  /** What becomes of each start in turn; the last one holds for those after it. */
  starts: ('listens' | 'mute' | 'ends' | 'fails')[] = ['listens'];
  /** Signals that it obeys. */
  obeys: readonly number[] = [15, 9];
  #state: 'none' | 'mute' | 'listens' = 'none';
  #end = Promise.withResolvers<number>();

  async start(): Promise<void> {
    this.did.push('start');
    const [become = 'listens'] = this.starts;
    if (this.starts.length > 1) this.starts.shift();
    if (become === 'fails') throw new FairleadError('internal', 'no such program');
    this.#end = Promise.withResolvers();
    this.#state = become === 'listens' ? 'listens' : 'mute';
    if (become === 'ends') this.die(1);
  }

  async adopt(): Promise<void> {
    this.did.push('adopt');
    this.#state = 'listens';
  }

  async ended(): Promise<number> {
    if (this.#state === 'none' && this.did.at(-1) === 'clear') throw new FairleadError('not-found', 'no task');
    return await this.#end.promise;
  }

  async listens(): Promise<boolean> {
    return this.#state === 'listens';
  }

  die(code: number): void {
    this.#state = 'none';
    this.#end.resolve(code);
  }

  async kill(signal: number): Promise<void> {
    this.did.push(`kill ${signal}`);
    if (this.obeys.includes(signal)) this.die(128 + signal);
  }

  async clear(): Promise<void> {
    this.did.push('clear');
  }

  unmount(): void {
    this.did.push('unmount');
  }

  release(): void {
    this.did.push('release');
  }
}

function rig() {
  const process = new FakeProcess();
  let givenUp = 0;
  const running = new RunningPlugin({ name: 'p:latest' } as Plugin, {
    process,
    logger: silentLogger,
    onGivenUp: () => givenUp++,
    patience,
  });
  return { process, running, givenUp: () => givenUp };
}

const until = async (isSo: () => boolean) => {
  for (let turn = 0; turn < 200 && !isSo(); turn++) await sleep(2);
  assert.ok(isSo());
};

test('one that is stopped just as it has come back is stopped', { timeout: 5_000 }, async () => {
  const { process, running } = rig();
  await running.begin({ isThere: false });
  let stopped: Promise<void> | undefined;
  process.listens = async () => {
    stopped ??= running.stop();
    return true;
  };
  process.die(1);
  await until(() => stopped !== undefined);
  await stopped;
  assert.deepEqual(process.did.slice(-3), ['kill 15', 'clear', 'unmount']);
});

test('a plugin runs when it listens, and is stopped with SIGTERM', async () => {
  const { process, running } = rig();
  await running.begin({ isThere: false });
  await running.stop();
  assert.deepEqual(process.did, ['clear', 'start', 'kill 15', 'clear', 'unmount']);
});

test('one that takes no notice of SIGTERM is killed', async () => {
  const { process, running } = rig();
  process.obeys = [9];
  await running.begin({ isThere: true });
  await running.stop();
  assert.deepEqual(process.did, ['adopt', 'kill 15', 'kill 9', 'clear', 'unmount']);
});

test('one that ends by itself is started again, and not once it was stopped', async () => {
  const { process, running, givenUp } = rig();
  await running.begin({ isThere: false });
  for (let time = 1; time <= 3; time++) {
    process.die(1);
    await until(() => process.did.filter((step) => step === 'start').length === time + 1);
  }
  await running.stop();
  const { length } = process.did;
  await sleep(20);
  assert.deepEqual([process.did.length, givenUp()], [length, 0]);
});

test('one that does not listen in time is refused in the words of a dialer, and nothing of it is left', async () => {
  const { process, running } = rig();
  process.starts = ['mute'];
  await assert.rejects(running.begin({ isThere: false }), {
    message: 'dial unix /run/p.sock: connect: no such file or directory',
  });
  assert.deepEqual(process.did, ['clear', 'start', 'kill 15', 'clear', 'unmount']);
});

test('one that ends before it listens is tried again; one that cannot be started is not', async () => {
  const { process, running } = rig();
  process.starts = ['ends', 'ends', 'listens'];
  await running.begin({ isThere: false });
  assert.deepEqual(process.did, ['clear', 'start', 'clear', 'start', 'clear', 'start']);
  await running.stop();
  const other = rig();
  other.process.starts = ['fails'];
  await assert.rejects(other.running.begin({ isThere: false }), { message: 'no such program' });
});

test('one that does not come up again is given up', async () => {
  const { process, running, givenUp } = rig();
  process.starts = ['listens', 'mute'];
  await running.begin({ isThere: false });
  process.die(1);
  await until(() => givenUp() === 1);
  assert.equal(process.did.at(-1), 'unmount');
});

test('one that is let go of goes on, and nobody starts it again', async () => {
  const { process, running } = rig();
  await running.begin({ isThere: false });
  running.release();
  process.die(0);
  await sleep(20);
  assert.deepEqual(process.did, ['clear', 'start', 'release']);
});
