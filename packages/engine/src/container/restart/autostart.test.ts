import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairleadError, silentLogger } from '@fairlead/base';
import { PluginAbsence } from '@fairlead/plugins';
import type { ContainerTable } from '../container-table.ts';
import { sampleContainer, sampleTable } from '../testing/sample-container.ts';
import { Autostart } from './autostart.ts';

const always = { name: 'always', maximumRetryCount: 0 } as const;

/**
 * Start a container that its policy wants to run.
 *
 * @param failures of its starts, one after the other.
 * @param meanwhile what happens in pauses.
 */
async function started(failures: readonly Error[], meanwhile: (table: ContainerTable) => void = () => {}) {
  const web = sampleContainer({ id: 'web', state: { status: 'exited' }, host: { restartPolicy: always } });
  const table = sampleTable(web);
  const pauses: number[] = [];
  let tried = 0;
  const autostart = new Autostart({
    table,
    logger: silentLogger,
    start: async () => {
      const failure = failures[tried++];
      if (failure !== undefined) throw failure;
    },
    resume: async () => {},
    pause: async (seconds) => {
      pauses.push(seconds);
      meanwhile(table);
    },
  });
  await autostart.plan()(new AbortController().signal);
  return { tried, pauses };
}

const absence = new FairleadError('not-found', 'error while mounting volume', { cause: new PluginAbsence('plug') });

test('a container starts as soon as the plugin is there that it needs', async () => {
  assert.deepEqual(await started([]), { tried: 1, pauses: [] });
  assert.deepEqual(await started([absence, absence]), { tried: 3, pauses: [1, 2] });
});

test('a plugin that does not come is given up as Docker does it, and other failures are not waited out', async () => {
  assert.deepEqual(await started(Array(9).fill(absence)), { tried: 5, pauses: [1, 2, 4, 8] });
  assert.deepEqual(await started([new FairleadError('not-found', 'network x not found')]), { tried: 1, pauses: [] });
});

test('a container that somebody removes or starts meanwhile is waited for no longer', async () => {
  const once = { tried: 1, pauses: [1] };
  assert.deepEqual(await started([absence], (table) => table.delete('web')), once);
  assert.deepEqual(await started([absence], (table) => table.setState('web', { status: 'running' })), once);
});
