import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

/** What a process says and how it ends that runs a script under the daemon's rules for faults. */
function outcomeOf(script: string) {
  const moduleAt = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const program = `
    import { handleFaults } from ${moduleAt('faults.ts')};
    import { daemonLogger } from ${moduleAt('log.ts')};
    handleFaults(daemonLogger(() => 'info'));
    ${script}
    setTimeout(() => process.stdout.write('goes on'), 20);`;
  const words = ['--input-type=module', '--eval', program];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  return { status, stdout, log: stderr.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)])) };
}

test('what is thrown where nobody catches it is logged, and ends the process at once', () => {
  const { status, stdout, log } = outcomeOf(`setTimeout(() => { throw new Error('broken listener'); });`);
  assert.deepEqual([status, stdout, log.length], [1, '', 1]);
  assert.match(log[0].msg, /^uncaught exception/);
  assert.match(log[0].error, /^Error: broken listener\n +at /);
});

test('what is rejected and awaited by nobody is logged, and the process goes on', () => {
  const { status, stdout, log } = outcomeOf(`Promise.reject(new Error('one client')); Promise.reject('no error');`);
  assert.deepEqual([status, stdout, log.length], [0, 'goes on', 2]);
  assert.match(log[0].error, /^Error: one client\n +at /);
  assert.equal(log[1].error, 'no error');
});
