import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairleadError } from '@fairlead/base';
import type { TaskProcess } from '@fairlead/runtime';
import { sampleContainer, sampleTable } from '../container/testing/sample-container.ts';
import type { ContainerStatus } from '../model.ts';
import { commitContainer } from './container-commit.ts';

const options = { repository: '', message: '', author: '', changes: [], config: {}, pause: true };
const notPaused = new FairleadError('internal', 'Container … is not paused');

const notRunning = new FairleadError('conflict', 'container … is not running');

/** How a container behaves that is committed. */
interface Behaviour {
  /** What it cannot be when the image is made: it is what it was then. */
  readonly refuses: 'pause' | 'unpause';
  /** What the engine takes it for when that fails. */
  readonly status: ContainerStatus;
  /** What the runtime takes it for; absent when it knows none. */
  readonly task?: TaskProcess['state'];
}

/** @returns what was asked of it. */
async function commit({ refuses, status, task }: Behaviour): Promise<string[]> {
  const container = sampleContainer({ name: 'box', state: { status: 'running', pid: 1 } });
  const table = sampleTable(container);
  const asked: string[] = [];
  const turn = async (what: 'pause' | 'unpause') => {
    asked.push(what);
    table.setState(container.id, { status: what === refuses ? status : 'paused' });
    if (what === refuses) throw what === 'pause' ? notRunning : notPaused;
  };
  const get = async () => {
    if (task === undefined) throw new FairleadError('not-found', 'no task');
    return { containerId: container.id, execId: '', pid: 1, state: task, terminal: false, exit: undefined };
  };
  const context = {
    images: { commit: async () => 'sha256:1' },
    events: { emit: ({ action }: { readonly action: string }) => void asked.push(action) },
    containerd: { tasks: { get } },
  };
  const containers = { pause: () => turn('pause'), unpause: () => turn('unpause') };
  await commitContainer({ table, context, containers }, 'box', options);
  return asked;
}

for (const [what, behaviour] of [
  ['has ended', { status: 'exited' }],
  ['has ended, which is about to be told', { status: 'paused', task: 'stopped' }],
  ['has ended and gone, which is about to be told', { status: 'paused' }],
  ['was let go on by somebody', { status: 'running', task: 'running' }],
] as const) {
  test(`a container that ${what} while it is committed makes an image like any other`, async () => {
    assert.deepEqual(await commit({ refuses: 'unpause', ...behaviour }), ['pause', 'commit', 'unpause']);
  });
}

for (const [what, behaviour] of [
  ['has ended', { status: 'exited' }],
  ['has ended, which is about to be told', { status: 'running', task: 'stopped' }],
  ['was paused by somebody', { status: 'paused', task: 'paused' }],
] as const) {
  test(`a container that ${what} before it is paused makes an image like any other`, async () => {
    assert.deepEqual(await commit({ refuses: 'pause', ...behaviour }), ['pause', 'commit']);
  });
}

test('who commits a container that cannot be paused, or cannot go on, is told', async () => {
  await assert.rejects(commit({ refuses: 'pause', status: 'running', task: 'running' }), notRunning);
  await assert.rejects(commit({ refuses: 'unpause', status: 'paused', task: 'paused' }), notPaused);
});
