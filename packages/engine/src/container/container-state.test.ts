import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairleadError } from '@fairlead/base';
import type { ContainerStatus } from '../model.ts';
import { requireAttachable, requireExecutable, requireNotRestarting } from './container-state.ts';
import { sampleContainer } from './testing/sample-container.ts';

/** What dockerd 20.10 answers, in the words of 28; nothing where it does what it is asked. */
const answers: readonly (readonly [ContainerStatus, attach: string, exec: string, next: string])[] = [
  ['created', '', 'container 0123 is not running', ''],
  ['running', '', '', ''],
  [
    'paused',
    'container web is paused, unpause the container before attach',
    'Container web is paused, unpause the container before exec',
    '',
  ],
  ['exited', '', 'container 0123 is not running', ''],
  [
    'restarting',
    'container web is restarting, wait until the container is running',
    'Container 0123 is restarting, wait until the container is running',
    'Container 0123 is restarting, wait until the container is running',
  ],
  ['removing', '', 'container 0123 is not running', ''],
  ['dead', '', 'container 0123 is not running', ''],
];

test('what a container can be asked for depends on what it is at', () => {
  for (const [status, attach, exec, next] of answers) {
    const container = sampleContainer({ id: '0123', state: { status } });
    assert.equal(
      refusal(() => requireAttachable(container, 'web')),
      attach,
      status,
    );
    assert.equal(
      refusal(() => requireExecutable(container, 'web')),
      exec,
      status,
    );
    assert.equal(
      refusal(() => requireNotRestarting(container)),
      next,
      status,
    );
  }
});

function refusal(check: () => void): string {
  try {
    check();
    return '';
  } catch (error) {
    assert.ok(error instanceof FairleadError && error.code === 'conflict');
    return error.message;
  }
}
