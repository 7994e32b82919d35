import { type ErrorCode, messageOf } from '@fairlead/base';
import { GrpcStatus, hasStatus } from '../grpc/status.ts';

/** Why a process could not be started, in Docker's words. */
export type StartFailure = {
  /**
   * What Docker records: 127 no such program (or a mount of the wrong kind), 126 not executable, 128 anything else.
   * `docker run` itself ends with 125 for the last.
   */
  readonly exitCode: 126 | 127 | 128;
  /** The first two are the user's to mend. */
  readonly code: ErrorCode;
  readonly message: string;
};

/**
 * Docker's exit codes by what the runtime says (moby, daemon/errors.go, setExitCodeFromError). The runtime's text is
 * all there is: containerd passes it on with the status "unknown". Later rules win.
 */
const rules: readonly { readonly exitCode: 126 | 127; readonly pattern: RegExp; readonly hint?: string }[] = [
  { exitCode: 127, pattern: /executable file not found|no such file or directory|system cannot find the file/i },
  { exitCode: 126, pattern: /permission denied/i },
  {
    exitCode: 127,
    pattern: /not a directory/i,
    hint:
      ': Are you trying to mount a directory onto a file (or vice-versa)? ' +
      'Check if the specified host path exists and is the expected type',
  },
];

/**
 * Put a failure of `Tasks.create`, `Tasks.start` or `Tasks.createExec` into Docker's words, for example
 * `failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed:
 * unable to start container process: exec: "nosuch": executable file not found in $PATH: unknown`.
 *
 * @param kind what was being started: Docker has the prefix for containers only.
 */
export function startFailureOf(error: unknown, kind: 'container' | 'exec' = 'container'): StartFailure {
  const reason = withStatus(error);
  const rule = rules.findLast(({ pattern }) => pattern.test(reason));
  const message = (kind === 'container' ? withDockerPrefixes(reason) : reason) + (rule?.hint ?? '');
  if (rule) return { exitCode: rule.exitCode, code: 'invalid-argument', message };
  return { exitCode: 128, code: 'internal', message };
}

/** Docker's client ends a message with the name of its status. So does containerd itself before 2.0, and not since. */
function withStatus(error: unknown): string {
  const reason = messageOf(error);
  return hasStatus(error, GrpcStatus.unknown) && !reason.endsWith(': unknown') ? `${reason}: unknown` : reason;
}

/** containerd versions differ in the first words. */
function withDockerPrefixes(reason: string): string {
  const outer = 'failed to create task for container: ';
  if (reason.startsWith(outer)) return reason;
  return outer + (reason.startsWith('OCI runtime') ? `failed to create shim task: ${reason}` : reason);
}
