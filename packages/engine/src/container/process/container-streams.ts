import { usualModule } from '@fairlead/base';
import { ProcessStreams } from '@fairlead/runtime';
import type { EngineContext } from '../../context.ts';
import type { LogWriter } from '../../log/log-writer.ts';
import type { Container } from '../../model.ts';
import type { ContainerLog } from './container-log.ts';
import { containerPipes } from './container-pipes.ts';
import { RunningProcess } from './running.ts';

const containerLog = usualModule(() => import('./container-log.ts'));

/** A container's process with its log. */
export interface Started {
  readonly process: RunningProcess;
  readonly log: LogWriter | undefined;
  readonly streams: ProcessStreams;
  /** Why it cannot be started: its log has nowhere to go. Who attaches before the start is let in all the same. */
  readonly refusal?: unknown;
  /** Write and send what is left of the log. */
  closeLog(): Promise<void>;
  /** Close streams and log, remove the pipes. */
  close(): Promise<void>;
}

/** The pipes of containers, each read into its log from the moment that it is there. */
export class ContainerStreams {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Make the pipes of a container and begin to read them; nothing comes before its process starts. */
  async open(container: Container): Promise<Started> {
    const { layout, calls } = containerPipes(container, this.#context);
    const started = await this.#follow(container, await ProcessStreams.create(layout, calls), true);
    const [rows, columns] = consoleSize(container);
    if (rows > 0 && columns > 0) await started.process.resize(rows, columns);
    return started;
  }

  /** Open the pipes of a container that runs already. */
  async reopen(container: Container): Promise<Started> {
    const { layout, calls } = containerPipes(container, this.#context);
    return await this.#follow(container, await ProcessStreams.reopen(layout, calls));
  }

  /** Open the pipes that an ended container has left, for its last output. */
  async reopenOutput(container: Container): Promise<Started> {
    const { layout, calls } = containerPipes(container, this.#context);
    return await this.#follow(container, await ProcessStreams.reopen({ ...layout, stdin: false }, calls));
  }

  async #follow(container: Container, streams: ProcessStreams, isNew = false): Promise<Started> {
    try {
      return await this.#connect(container, streams, isNew);
    } catch (error) {
      streams.release();
      throw error;
    }
  }

  async #connect(container: Container, streams: ProcessStreams, isNew: boolean): Promise<Started> {
    const { containerd, keeper } = this.#context;
    const { config } = container;
    await Promise.all(streams.heldPaths.map((path) => keeper.hold(path)));
    const { log, refusal } = await this.#openLog(container, streams, isNew);
    const process = new RunningProcess(containerd.tasks, { containerId: container.id }, streams, {
      tty: config.tty,
      sink: (chunk, letGo) => log.write(chunk, letGo),
    });
    const close = async () => {
      process.dispose();
      await Promise.all([log.close(), ...streams.heldPaths.map((path) => keeper.release(path))]);
      // The log had a file in it.
      streams.removeDirectory();
    };
    return { process, log: log.writer, streams, refusal, closeLog: () => log.close(), close };
  }

  async #openLog(
    container: Container,
    streams: ProcessStreams,
    isNew: boolean,
  ): Promise<{ readonly log: ContainerLog; readonly refusal?: unknown }> {
    const { noLog, openContainerLog } = await containerLog();
    try {
      return { log: await openContainerLog(container, this.#context, { left: streams.left(), isNew }) };
    } catch (refusal) {
      if (!isNew) throw refusal;
      return { log: noLog, refusal };
    }
  }
}

/** Rows and columns that a client has said its terminal has; 0 when it has not (`HostConfig.ConsoleSize`). */
function consoleSize({ config }: Container): readonly [rows: number, columns: number] {
  const size = config.tty ? config.other.host['ConsoleSize'] : undefined;
  const side = (index: number) => (Array.isArray(size) && typeof size[index] === 'number' ? size[index] : 0);
  return [side(0), side(1)];
}
