import type { Exec } from '@fairlead/engine';
import * as v from 'valibot';
import { goBoolean, goObject, goString, goStrings } from './go-json.ts';

/** The body of `POST /containers/{id}/exec`. */
export const execCreateSchema = goObject({
  User: goString,
  Privileged: goBoolean,
  Tty: goBoolean,
  AttachStdin: goBoolean,
  AttachStdout: goBoolean,
  AttachStderr: goBoolean,
  DetachKeys: goString,
  Env: goStrings,
  WorkingDir: goString,
  /** Rows and columns. */
  ConsoleSize: v.optional(v.tuple([v.number(), v.number()])),
  Cmd: v.optional(
    v.union([
      v.array(v.string()),
      v.pipe(
        v.string(),
        v.transform((text) => [text]),
      ),
    ]),
    [],
  ),
});

/** The body of `POST /exec/{id}/start`. */
export const execStartSchema = goObject({
  Detach: goBoolean,
  Tty: goBoolean,
  /** Rows and columns. */
  ConsoleSize: v.optional(v.tuple([v.number(), v.number()])),
});

/** The body of `POST /exec/{id}/start` after decoding. */
export type WireExecStart = v.InferOutput<typeof execStartSchema>;

/** The answer to `GET /exec/{id}/json`. */
export function presentExec(exec: Exec) {
  const [entrypoint = '', ...args] = exec.command;
  return {
    ID: exec.id,
    Running: exec.running,
    ExitCode: exec.exitCode,
    ProcessConfig: {
      tty: exec.tty,
      entrypoint,
      arguments: args,
      privileged: exec.privileged,
      ...(exec.user !== '' && { user: exec.user }),
      ...(exec.workingDir !== '' && { workingDir: exec.workingDir }),
    },
    OpenStdin: exec.attachStdin,
    OpenStderr: exec.attachStderr,
    OpenStdout: exec.attachStdout,
    // True in Docker for the moments in which it is being forgotten.
    CanRemove: false,
    ContainerID: exec.container,
    DetachKeys: exec.detachKeys,
    Pid: exec.pid,
  };
}
