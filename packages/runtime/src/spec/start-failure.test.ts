import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GrpcError } from '../grpc/status.ts';
import { startFailureOf } from './start-failure.ts';

const create = 'OCI runtime create failed: runc create failed: unable to start container process: ';

const cases: readonly [string, 126 | 127 | 128][] = [
  ['exec: "nosuch": executable file not found in $PATH: unknown', 127],
  ['exec: "/nosuch": stat /nosuch: no such file or directory: unknown', 127],
  ['exec: "/etc/notes": permission denied: unknown', 126],
  ['error setting cgroup config: something: unknown', 128],
];

for (const [reason, exitCode] of cases) {
  test(`${exitCode} for: ${reason}`, () => {
    const failure = startFailureOf(new Error(`failed to create shim task: ${create}${reason}`));
    assert.equal(failure.exitCode, exitCode);
    assert.equal(failure.code, exitCode === 128 ? 'internal' : 'invalid-argument');
    assert.equal(
      failure.message,
      `failed to create task for container: failed to create shim task: ${create}${reason}`,
    );
  });
}

test('prefixes are not doubled and missing ones are added', () => {
  const whole = `failed to create task for container: failed to create shim task: ${create}x`;
  assert.equal(startFailureOf(new Error(whole)).message, whole);
  assert.equal(startFailureOf(new Error(`${create}x`)).message, whole);
});

test('a mount of the wrong kind gets the hint of Docker', () => {
  const { exitCode, message } = startFailureOf(new Error(`${create}error mounting "/a" to rootfs: not a directory`));
  assert.equal(exitCode, 127);
  assert.match(message, /: Are you trying to mount a directory onto a file \(or vice-versa\)\? Check if/);
});

test('an exec has no prefix', () => {
  const reason = 'OCI runtime exec failed: exec failed: exec: "nosuch": executable file not found in $PATH: unknown';
  assert.deepEqual(startFailureOf(new Error(reason), 'exec'), {
    exitCode: 127,
    code: 'invalid-argument',
    message: reason,
  });
});

test('the status is named once, whether containerd names it or not', () => {
  for (const reason of ['OCI runtime exec failed: x', 'OCI runtime exec failed: x: unknown']) {
    assert.equal(startFailureOf(new GrpcError(2, reason), 'exec').message, 'OCI runtime exec failed: x: unknown');
  }
});
