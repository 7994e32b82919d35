import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusalOf } from './program.ts';

const refused = (stderr: string) => refusalOf({ code: 1, stdout: '', stderr });

const answer = 'Error response from daemon: no such thing:\nx';

for (const said of [
  `docker: ${answer}.\nSee 'docker run --help'.\n`,
  `docker: ${answer}.\n`,
  `docker: ${answer}.\ntime="2026-01-02T03:04:05Z" level=error msg="error waiting for container: context canceled"\n`,
  `docker: ${answer}\n\nRun 'docker run --help' for more information\n`,
  `docker: ${answer}\n`,
  `${answer}\n`,
]) {
  test(`what was complained about is the same in ${JSON.stringify(said)}`, () => assert.equal(refused(said), answer));
}

test('a full stop of the daemon is kept where no release adds one', () => {
  assert.equal(
    refused('Error response from daemon: Ask the manager.\n'),
    'Error response from daemon: Ask the manager.',
  );
  assert.equal(refused('docker: Error response from daemon: Full.\n'), 'Error response from daemon: Full');
});
