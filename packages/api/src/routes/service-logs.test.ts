import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine, LogOptions } from '@fairlead/engine';
import type { ApiRequest } from '../http/request.ts';
import type { LoggedTask } from './service-logs.ts';
import { serviceLogs } from './service-logs.ts';

test('who follows hears of a task that had a container and did not run yet when it was first seen', async () => {
  let state: LoggedTask['task']['status']['state'] = 'ready';
  const line: LogLine = { stream: 'stdout', time: '2026-01-01T00:00:00Z', data: Buffer.from('hello\n') };
  const containers = {
    // One that was not started has nothing to follow.
    logs: async (_container: string, _options: LogOptions) => ({
      tty: true,
      lines: (async function* () {
        if (state === 'running') yield [line];
      })(),
    }),
  };
  const task = () => ({ task: { id: 't', nodeId: 'n', serviceId: 's', status: { state, containerId: 'c' } } });
  const gone = new AbortController();
  const request: ApiRequest = {
    ...{ method: 'GET', version: 44, parameters: {}, headers: {}, signal: gone.signal },
    query: new URLSearchParams('follow=1&stdout=1'),
    body: (async function* () {})(),
  };
  const answer = await serviceLogs({ containers }, request, () => [task()], true);
  assert.ok(answer.kind === 'stream');
  const heard = answer.body[Symbol.asyncIterator]().next();
  await sleep(20);
  state = 'running';
  assert.equal(Buffer.from((await heard).value ?? '').toString(), 'hello\n');
  gone.abort();
});
