import { setTimeout as sleep } from 'node:timers/promises';
import { isNotFound } from '@fairlead/base';
import { type Process, Status } from '../gen/task.ts';
import { TasksDefinition } from '../gen/tasks.ts';
import type { GrpcChannel } from '../grpc/channel.ts';
import { methodsOf } from '../grpc/method.ts';
import { GrpcStatus, hasStatus } from '../grpc/status.ts';
import type { LinuxResources, OciProcess } from '../spec/oci-types.ts';
import { jsonAny } from './any.ts';
import { mountsInit, type SnapshotMount } from './descriptor.ts';
import type { ProcessStreams } from './process-streams.ts';
import type { TaskMetrics } from './task-metrics.ts';
import type { ExitStatus, ProcessReference, TaskProcess, TaskState } from './task-types.ts';
import { toDate } from './timestamp.ts';

const rpc = methodsOf(TasksDefinition);

/** What a process is created with. Without streams its output goes nowhere. */
export type NewTask = {
  readonly containerId: string;
  readonly rootfs: readonly SnapshotMount[];
  readonly streams?: ProcessStreams | undefined;
  readonly terminal?: boolean;
};

/** An additional process in a running container. */
export type NewExec = {
  readonly containerId: string;
  readonly execId: string;
  readonly process: OciProcess;
  readonly streams?: ProcessStreams | undefined;
};

const SIGKILL = 9;

/** Pauses between attempts to wait, in milliseconds: containerd is back within 30, or not for a long time. */
const firstPause = 20;
const longestPause = 500;

/** Exit code of a container whose shim was killed: nobody saw how it ended, but SIGKILL ended it. */
const killedWithShim = 137;

/** Running containers and the processes in them. */
export class Tasks {
  readonly #channel: GrpcChannel;
  readonly #untoldEnds: Map<string, ExitStatus>;

  /** @param untoldEnds how containers ended of whose end containerd does not know; those that are asked for again leave it. */
  constructor(channel: GrpcChannel, untoldEnds: Map<string, ExitStatus> = new Map()) {
    this.#channel = channel;
    this.#untoldEnds = untoldEnds;
  }

  /**
   * Create the first process of a container up to the point where only `start` is missing. Its namespaces exist then.
   * When this fails, the streams are disposed of; nothing else is left.
   *
   * @returns the process id on the host.
   * @throws FairleadError; `startFailureOf` turns it into what Docker says.
   */
  async create(task: NewTask): Promise<number> {
    let pid = 0;
    this.#untoldEnds.delete(task.containerId);
    try {
      const request = { containerId: task.containerId, rootfs: mountsInit(task.rootfs), ...task.streams?.paths };
      const terminal = task.terminal ?? false;
      pid = (await this.#channel.unary(rpc.create, { ...request, terminal })).pid;
      await task.streams?.openStdin();
      return pid;
    } catch (error) {
      task.streams?.[Symbol.dispose]();
      if (pid !== 0) await this.#abandon({ containerId: task.containerId });
      throw error;
    }
  }

  /** Get rid of a task that was created and cannot be used. */
  async #abandon(process: ProcessReference): Promise<void> {
    await this.kill(process, SIGKILL).catch(() => {});
    await this.wait(process).catch(() => {});
    await this.delete(process).catch(() => {});
  }

  /** Add a process to a running container, not started. When this fails, the streams are disposed of. */
  async createExec(exec: NewExec): Promise<void> {
    try {
      await this.#channel.unary(rpc.exec, {
        containerId: exec.containerId,
        execId: exec.execId,
        spec: jsonAny('Process', exec.process),
        ...exec.streams?.paths,
        terminal: exec.process.terminal ?? false,
      });
    } catch (error) {
      exec.streams?.[Symbol.dispose]();
      throw error;
    }
  }

  /** Start a created process. An exec's stdin opens only now: give its streams. @returns the process id on the host. */
  async start(process: ProcessReference, streams?: ProcessStreams): Promise<number> {
    const { pid } = await this.#channel.unary(rpc.start, { ...process });
    await streams?.openStdin();
    return pid;
  }

  /** Send a signal, by number, to the process, or with `all` to every process of the container. */
  async kill(process: ProcessReference, signal: number, options: { readonly all?: boolean } = {}): Promise<void> {
    const request = { ...process, signal, all: options.all ?? false };
    await this.#channel.unary(rpc.kill, request, { repeatable: signal === SIGKILL });
  }

  /**
   * Wait until the process ends. A restart of containerd meanwhile is waited out, and an end while there was none is
   * known; a shim that dies takes its container along, which counts as killed.
   *
   * @throws FairleadError `not-found` when there is no such process; `cancelled` when `signal` fires.
   */
  async wait(process: ProcessReference, options: { readonly signal?: AbortSignal } = {}): Promise<ExitStatus> {
    for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
      try {
        const { exitStatus, exitedAt } = await this.#channel.unary(rpc.wait, { ...process }, options);
        return { code: exitStatus, exitedAt: toDate(exitedAt) };
      } catch (error) {
        const untold = this.#untold(process, error);
        if (untold !== undefined) return untold;
        if (pause > firstPause && isNotFound(error)) return { code: killedWithShim, exitedAt: new Date() };
        const passing = hasStatus(error, GrpcStatus.unavailable) || hasStatus(error, GrpcStatus.unknown);
        if (!passing || options.signal?.aborted) throw error;
      }
      await sleep(pause);
    }
  }

  /** How a container's process ended, when containerd does not know it any more. */
  #untold({ containerId, execId }: ProcessReference, error: unknown): ExitStatus | undefined {
    return isNotFound(error) && !execId ? this.#untoldEnds.get(containerId) : undefined;
  }

  /** What the process does now. @throws FairleadError `not-found`. */
  async get(process: ProcessReference): Promise<TaskProcess> {
    return toProcess((await this.#channel.unary(rpc.get, { ...process })).process);
  }

  /** The first processes of all containers, running or ended and not deleted. */
  async list(): Promise<TaskProcess[]> {
    const { tasks } = await this.#channel.unary(rpc.list, {});
    // containerd leaves `container_id` empty here: a task has its container's id.
    const told = tasks.map((task) => ({ ...toProcess(task), containerId: task.id, execId: '' }));
    // What it knows it can tell itself: an end that was noted may be that of an earlier run.
    for (const { containerId } of told) this.#untoldEnds.delete(containerId);
    return [...told, ...[...this.#untoldEnds].map(([containerId, exit]) => endedProcess(containerId, exit))];
  }

  /** Remove an ended process and its shim's state. @throws FairleadError `not-found`; `conflict` while it runs. */
  async delete(process: ProcessReference): Promise<ExitStatus> {
    const { containerId, execId } = process;
    try {
      const { exitStatus, exitedAt } = execId
        ? await this.#channel.unary(rpc.deleteProcess, { containerId, execId })
        : await this.#channel.unary(rpc.delete, { containerId });
      return { code: exitStatus, exitedAt: toDate(exitedAt) };
    } catch (error) {
      const untold = this.#untold(process, error);
      if (untold === undefined) throw error;
      return untold;
    } finally {
      if (!execId) this.#untoldEnds.delete(containerId);
    }
  }

  /** Freeze all processes of a container. */
  async pause(containerId: string): Promise<void> {
    await this.#channel.unary(rpc.pause, { containerId });
  }

  /** Let a paused container go on. */
  async resume(containerId: string): Promise<void> {
    await this.#channel.unary(rpc.resume, { containerId });
  }

  /** Size of the process's terminal, in characters. */
  async resizeTerminal(process: ProcessReference, width: number, height: number): Promise<void> {
    await this.#channel.unary(rpc.resizePty, { ...process, width, height });
  }

  /**
   * End of input: what was written is read first, then the process sees the end. Both halves are needed, for the
   * shim holds a writing end of its own.
   */
  async closeStdin(process: ProcessReference, streams?: ProcessStreams): Promise<void> {
    const stdin = streams?.stdin;
    if (stdin && !stdin.destroyed) await new Promise<void>((resolve) => stdin.end(resolve));
    await this.#channel.unary(rpc.closeIO, { ...process, stdin: true });
  }

  /** Change the limits of a running container. */
  async update(containerId: string, resources: LinuxResources): Promise<void> {
    await this.#channel.unary(rpc.update, {
      containerId,
      resources: jsonAny('LinuxResources', resources),
    });
  }

  /** Host process ids of everything that runs in the container. */
  async pids(containerId: string): Promise<number[]> {
    const { processes } = await this.#channel.unary(rpc.listPids, { containerId });
    return processes.map((process) => process.pid);
  }

  /** Control group figures of one container. @throws FairleadError `not-found`. */
  async metrics(containerId: string): Promise<TaskMetrics> {
    // Two sets of messages that only statistics need.
    const { toTaskMetrics } = await import('./task-metrics.ts');
    const { metrics } = await this.#channel.unary(rpc.metrics, { filters: [`id==${containerId}`] });
    return toTaskMetrics(containerId, metrics[0]);
  }
}

const states: Record<number, TaskState> = {
  [Status.CREATED]: 'created',
  [Status.RUNNING]: 'running',
  [Status.PAUSED]: 'paused',
  [Status.PAUSING]: 'pausing',
  [Status.STOPPED]: 'stopped',
};

function endedProcess(containerId: string, exit: ExitStatus): TaskProcess {
  return { containerId, execId: '', pid: 0, state: 'stopped', terminal: false, exit };
}

function toProcess(process: Process | undefined): TaskProcess {
  const state = states[process?.status ?? 0] ?? 'unknown';
  const exit = { code: process?.exitStatus ?? 0, exitedAt: toDate(process?.exitedAt) };
  return {
    containerId: process?.containerId ?? '',
    execId: process?.id === process?.containerId ? '' : (process?.id ?? ''),
    pid: process?.pid ?? 0,
    state,
    terminal: process?.terminal ?? false,
    exit: state === 'stopped' ? exit : undefined,
  };
}
