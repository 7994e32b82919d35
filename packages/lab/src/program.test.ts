import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusalOf } from './program.ts';

const refused = (stderr: string) => refusalOf({ code: 1, stdout: '', stderr });

test('what the daemon answered is the same whichever release of the docker command tells it', () => {
  const answer = 'Error response from daemon: no such thing: x';
  for (const said of [
    `docker: ${answer}.\nSee 'docker run --help'.\n`,
    `docker: ${answer}\n\nRun 'docker run --help' for more information\n`,
    `${answer}\n`,
  ]) {
    assert.equal(refused(said), 'no such thing: x');
  }
});

test('a full stop of the daemon is kept where no release adds one', () => {
  assert.equal(refused('Error response from daemon: Ask the manager.\n'), 'Ask the manager.');
  assert.equal(refused('docker: Error response from daemon: Not (1.2.3.4/24).\n'), 'Not (1.2.3.4/24)');
});
