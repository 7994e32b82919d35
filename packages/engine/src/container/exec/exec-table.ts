import { join } from 'node:path';
import { FairleadError, isNotFound, lateModule, messageOf, newIdentifier } from '@fairlead/base';
import { ProcessStreams } from '@fairlead/runtime';
import type { EngineContext } from '../../context.ts';
import type { Container, Exec } from '../../model.ts';
import { containerEvent } from '../container-event.ts';
import { requireExecutable } from '../container-state.ts';
import type { ContainerTable } from '../container-table.ts';
import { containerFiles } from '../file/container-files.ts';
import { readRootfsFile } from '../file/rootfs-file.ts';
import { RunningProcess } from '../process/running.ts';
import type { AttachedStreams, OutputChunk } from '../stream-port.ts';
import { ExecStarts } from './exec-starts.ts';

const isolation = lateModule(() => import('../isolation/isolation.ts'));
const runtimeSpec = lateModule(() => import('@fairlead/runtime/spec'));

/** What an exec is made from. */
export type ExecRequest = Omit<Exec, 'id' | 'container' | 'running' | 'exitCode' | 'pid'>;

const SIGKILL = 9;
/** Milliseconds for which an exec that has ended can still be inspected. */
const KEPT_MS = 5 * 60_000;

/** Additional processes in running containers. They do not outlive the daemon's memory, as in Docker. */
export class ExecTable {
  readonly starts = new ExecStarts();
  readonly #context: EngineContext;
  readonly #table: ContainerTable;
  readonly #execs = new Map<string, Exec>();
  readonly #processes = new Map<string, RunningProcess>();

  constructor(context: EngineContext, table: ContainerTable) {
    this.#context = context;
    this.#table = table;
  }

  /** @throws FairleadError `conflict` when the container does not run. */
  create(reference: string, request: ExecRequest): string {
    const container = this.#table.find(reference);
    requireExecutable(container, reference);
    if (request.command.length === 0) throw new FairleadError('invalid-argument', 'No exec command specified');
    const id = newIdentifier();
    this.#execs.set(id, { ...request, id, container: container.id, running: false, exitCode: null, pid: 0 });
    this.#emit(container, `exec_create: ${commandText(request.command)}`, id);
    return id;
  }

  /** @throws FairleadError `not-found`. */
  get(id: string): Exec {
    const exec = this.#execs.get(id);
    if (exec === undefined) throw new FairleadError('not-found', `No such exec instance: ${id}`);
    return exec;
  }

  /** One whose container could run it now. @throws FairleadError `not-found`; `conflict` as `requireExecutable`. */
  startable(id: string): Exec {
    const exec = this.get(id);
    requireExecutable(this.#table.find(exec.container));
    return exec;
  }

  /** Ids of the execs of a container that have not ended, those among them that have not been started. */
  of(container: string): string[] {
    const open = [...this.#execs.values()].filter((exec) => exec.container === container && exec.exitCode === null);
    return open.map(({ id }) => id);
  }

  /**
   * Start the process.
   *
   * @returns the client's end of its streams; `undefined` when nobody wants them.
   * @throws FairleadError in Docker's words; the exec then has the exit code 126 or 127.
   */
  async start(id: string, options: { readonly detach: boolean }): Promise<AttachedStreams | undefined> {
    return await this.starts.run(this.get(id).container, () => this.#start(id, options));
  }

  async #start(id: string, options: { readonly detach: boolean }): Promise<AttachedStreams | undefined> {
    const exec = this.startable(id);
    if (exec.running) throw new FairleadError('conflict', `Error: Exec command ${id} is already running`);
    if (exec.exitCode !== null) throw new FairleadError('conflict', `Error: Exec command ${id} has already run`);
    const container = this.#table.find(exec.container);
    // Nobody else may start it from here on.
    this.#update(id, { running: true });
    let process: RunningProcess | undefined;
    try {
      const streams = await this.#openStreams(exec, options.detach);
      process = this.#follow(exec, streams);
      // Subscribed before the start, so that nothing is missed.
      const attached = options.detach
        ? undefined
        : process.attach({ stdin: exec.attachStdin, stdout: exec.attachStdout, stderr: exec.attachStderr }, true);
      await this.#launch(exec, container, streams, process);
      const recorded = this.#followToEnd(id, container, process);
      recorded.catch((error) => this.#context.logger.error('exec end not recorded', { id, error: messageOf(error) }));
      return attached && leavable(attached, recorded);
    } catch (error) {
      throw await this.#fail(exec, process, error);
    }
  }

  /** End its process at once. @throws FairleadError `not-found` when it has none. */
  async kill(id: string): Promise<void> {
    await this.#context.containerd.tasks.kill({ containerId: this.get(id).container, execId: id }, SIGKILL);
  }

  /** A container is gone, and its execs with it. */
  forget(container: string): void {
    for (const exec of this.#execs.values()) if (exec.container === container) this.#execs.delete(exec.id);
  }

  /** The process of a container has ended: what was to be started beside it goes; what ran is still asked about. */
  forgetUnstarted(container: string): void {
    for (const id of this.of(container)) if (this.#execs.get(id)?.running === false) this.#execs.delete(id);
  }

  /**
   * Size of an exec's terminal; one that is still to be started gets it then.
   *
   * @throws FairleadError `not-found` when it is not known, or has ended; `conflict` as {@link startable}.
   */
  async resize(id: string, rows: number, columns: number): Promise<void> {
    if (this.startable(id).exitCode !== null) throw new FairleadError('not-found', 'no such exec');
    const process = this.#processes.get(id);
    if (process === undefined) this.#update(id, { size: { rows, columns } });
    else await process.resize(rows, columns);
  }

  async #openStreams(exec: Exec, isDetached: boolean): Promise<ProcessStreams> {
    const directory = join(containerFiles(this.#context.settings, exec.container).pipes, exec.id);
    const layout = { directory, stdin: exec.attachStdin && !isDetached, terminal: exec.tty };
    return await ProcessStreams.create(layout, { ...this.#context.pipeCalls, keeping: undefined });
  }

  #follow(exec: Exec, streams: ProcessStreams): RunningProcess {
    const reference = { containerId: exec.container, execId: exec.id };
    const { tasks } = this.#context.containerd;
    const process = new RunningProcess(tasks, reference, streams, { tty: exec.tty, sink: () => undefined });
    this.#processes.set(exec.id, process);
    return process;
  }

  async #launch(exec: Exec, container: Container, streams: ProcessStreams, process: RunningProcess): Promise<void> {
    const { tasks } = this.#context.containerd;
    const reference = { containerId: container.id, execId: exec.id };
    // Told before it is known whether it can be (moby, daemon/exec.go).
    this.#emit(container, `exec_start: ${commandText(exec.command)}`, exec.id);
    // Looked at anew for the size that its terminal has been given meanwhile.
    await tasks.createExec({ ...reference, process: await this.#describe(this.get(exec.id), container), streams });
    const pid = await tasks.start(reference, streams);
    this.#update(exec.id, { pid });
    process.started();
  }

  /** Take back what a start did. @returns what to tell the client. */
  async #fail(exec: Exec, process: RunningProcess | undefined, error: unknown): Promise<FairleadError> {
    const { startFailureOf } = await runtimeSpec();
    const failure = startFailureOf(error, 'exec');
    // What is wrong with an exec and has no exit code of its own cannot be executed (moby, daemon/exec.go).
    this.#finish(exec.id, failure.exitCode === 128 ? 126 : failure.exitCode);
    process?.dispose();
    await this.#context.containerd.tasks.delete({ containerId: exec.container, execId: exec.id }).catch(() => {
      // It was never created, or went with its container.
    });
    return new FairleadError(failure.code, failure.message, { cause: error });
  }

  async #followToEnd(id: string, container: Container, process: RunningProcess): Promise<void> {
    const { code } = await process.ended();
    this.#finish(id, code);
    process.dispose();
    this.#emit(container, 'exec_die', id, { exitCode: String(code) });
    // Nobody waits for this: what is asked about is known by now.
    this.#context.containerd.tasks.delete({ containerId: container.id, execId: id }).catch((error) => {
      if (!isNotFound(error)) this.#context.logger.warn('exec not deleted', { id, error: messageOf(error) });
    });
  }

  #update(id: string, change: Partial<Exec>): void {
    const exec = this.#execs.get(id);
    if (exec !== undefined) this.#execs.set(id, { ...exec, ...change });
  }

  #finish(id: string, exitCode: number): void {
    this.#processes.delete(id);
    this.#update(id, { running: false, exitCode, pid: 0 });
    setTimeout(() => this.#execs.delete(id), KEPT_MS).unref();
  }

  async #describe(exec: Exec, container: Container) {
    const { execProcess, resolveUser } = await runtimeSpec();
    const rootfs = [{ type: 'bind', source: `/proc/${container.state.pid}/root`, options: [] }];
    const user = resolveUser(
      exec.user || container.user,
      readRootfsFile(rootfs, '/etc/passwd'),
      readRootfsFile(rootfs, '/etc/group'),
      exec.user === '' ? container.config.host.groupAdd : [],
    );
    const { isolationOf } = await isolation();
    const { noNewPrivileges } = isolationOf(container.config);
    const { capAdd, capDrop, privileged, ulimits, oomScoreAdjust } = container.config.host;
    return execProcess(
      {
        args: exec.command,
        env: [...container.env, ...exec.env],
        cwd: exec.workingDir || container.workingDir,
        user,
        terminal: exec.tty,
        ...(exec.size && { size: exec.size }),
        privileged: exec.privileged,
      },
      {
        capabilities: { add: capAdd, drop: capDrop },
        privileged,
        ulimits,
        oomScoreAdj: oomScoreAdjust,
        ...(noNewPrivileges && { noNewPrivileges }),
        ...(container.appArmorProfile && { apparmorProfile: container.appArmorProfile }),
        hostname: container.config.hostname || container.id.slice(0, 12),
      },
      this.#context.host,
    );
  }

  #emit(container: Container, action: string, execID: string, attributes: Readonly<Record<string, string>> = {}): void {
    this.#context.events.emit(containerEvent(container, action, { execID, ...attributes }));
  }
}

/** A client's end of an exec, whose output ends with the exec, or when the client leaves. */
function leavable(attached: AttachedStreams, recorded: Promise<void>): AttachedStreams {
  const { promise: left, resolve } = Promise.withResolvers<void>();
  const detach = () => {
    attached.detach();
    resolve();
  };
  return { ...attached, detach, output: endingAfter(attached.output, Promise.race([recorded, left])) };
}

/** Clients ask for the exit code as soon as the output has ended: it has to be known by then. */
async function* endingAfter(output: AsyncIterable<OutputChunk>, recorded: Promise<void>): AsyncGenerator<OutputChunk> {
  yield* output;
  await recorded;
}

/** A program and its arguments, with the blank after a program that has none (moby, daemon/exec.go). */
function commandText([program = '', ...args]: readonly string[]): string {
  return `${program} ${args.join(' ')}`;
}
