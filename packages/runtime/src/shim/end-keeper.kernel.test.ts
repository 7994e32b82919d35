import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startContainerd } from '../containerd/containerd-process.ts';
import { importBusybox } from '../testing/busybox-image.ts';
import { createLabContainer } from '../testing/lab-container.ts';
import { privateContainerd } from '../testing/private-containerd.ts';
import { notedEndsPath, readNotedEnds } from './noted-ends.ts';
import { keepEnds } from './shim-ends.ts';

test('an end is noted by a process of its own, which goes when all have ended', async () => {
  await using lab = await privateContainerd();
  const image = await importBusybox(lab.containerd, 'docker.io/library/busybox:latest');
  const { state } = lab.settings;
  const notes = notedEndsPath(state);
  const bundles = join(state, 'io.containerd.runtime.v2.task');
  await using container = await createLabContainer(lab, { image, args: ['sleep', '1000'] });
  await lab.containerd.tasks.start({ containerId: container.id });
  process.kill(lab.process.pid, 'SIGKILL');
  await lab.process.ended;
  await keepEnds(bundles, notes);
  process.kill(container.pid, 'SIGKILL');
  while (existsSync(`/proc/${container.pid}`)) await sleep(5);
  for (let attempt = 0; readNotedEnds(notes).size === 0 && attempt < 200; attempt++) await sleep(10);
  assert.equal(readNotedEnds(notes).get(container.id)?.code, 137);
  lab.process = await startContainerd(lab.settings);
});
