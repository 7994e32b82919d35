import { messageOf } from '@fairlead/base';
import type { ExecRequest, ExecTable } from '../exec/exec-table.ts';
import type { AttachedStreams } from '../stream-port.ts';
import type { ProbeResult } from './health-model.ts';
import type { HealthCheck } from './health-state.ts';

/** Bytes of a probe's output that are kept, as Docker does. */
const MOST_OUTPUT = 4096;
/** The exit code that is recorded for a probe that ran too long or could not be run. */
const FAILED = -1;
/** setTimeout takes no more milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Check a container once, by an exec like any other. One that takes longer than it may, or that nobody wants any more,
 * is killed.
 *
 * @returns what it has shown; never rejects.
 */
export async function runProbe(
  execs: ExecTable,
  container: string,
  check: HealthCheck,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const start = Date.now();
  try {
    const id = execs.create(container, probeRequest(check));
    const streams = await execs.start(id, { detach: false });
    // Starting it is not its own time.
    const deadline = AbortSignal.timeout(Math.min(check.timeout, LONGEST_TIMER));
    const kill = () => void execs.kill(id).catch(() => {});
    const stop = AbortSignal.any([signal, deadline]);
    stop.addEventListener('abort', kill, { once: true });
    if (stop.aborted) kill();
    const text = streams === undefined ? '' : await read(streams);
    stop.removeEventListener('abort', kill);
    const exitCode = execs.get(id).exitCode ?? FAILED;
    if (!deadline.aborted) return { start, end: Date.now(), exitCode, output: text };
    const late = `Health check exceeded timeout (${durationText(check.timeout)})`;
    return { start, end: Date.now(), exitCode: FAILED, output: text === '' ? late : `${late}: ${text}` };
  } catch (error) {
    return { start, end: Date.now(), exitCode: FAILED, output: messageOf(error) };
  }
}

/** A duration as Go writes it: `1m30s`, `1.5s`, `250ms`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds}ms`;
  const seconds = milliseconds / 1000;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = `${Number((seconds % 60).toFixed(9))}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

function probeRequest({ command }: HealthCheck): ExecRequest {
  return {
    command,
    env: [],
    user: '',
    workingDir: '',
    privileged: false,
    tty: false,
    attachStdin: false,
    attachStdout: true,
    attachStderr: true,
    detachKeys: '',
  };
}

/** The beginning of what a process says, until it has ended. */
async function read({ output }: AttachedStreams): Promise<string> {
  const kept: Uint8Array[] = [];
  let room = MOST_OUTPUT;
  let isWhole = true;
  for await (const { data } of output) {
    if (room > 0) kept.push(data.subarray(0, room));
    isWhole &&= data.length <= room;
    room = Math.max(room - data.length, 0);
  }
  return `${Buffer.concat(kept)}${isWhole ? '' : '...'}`;
}
