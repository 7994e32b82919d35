import { FairleadError } from '@fairlead/base';
import type { ImageRunConfig } from '@fairlead/registry';
import type { ContainerConfig, HostConfig } from '../container/configuration/container-config.ts';
import type { AttachedStreams } from '../container/stream-port.ts';
import type { BuildParts } from './build-parts.ts';
import type { RunPlan } from './stage.ts';

/** What a step's container works with. */
export interface RunParts extends Pick<BuildParts, 'containers' | 'table' | 'turns'> {
  /** Told what the command writes. */
  readonly write: (stream: 'stdout' | 'stderr', text: string) => void;
  readonly signal: AbortSignal;
}

/** The container of one `RUN`. It goes when the daemon does, until somebody keeps it. */
export class RunContainer {
  readonly id: string;
  readonly #parts: RunParts;
  #removal: Promise<void> | undefined;

  private constructor(id: string, parts: RunParts) {
    this.id = id;
    this.#parts = parts;
  }

  /** Make the container, not started. @throws FairleadError in Docker's words. */
  static async create(
    parts: RunParts,
    imageId: string,
    config: ImageRunConfig,
    plan: RunPlan,
    host: HostConfig,
  ): Promise<RunContainer> {
    const { id } = await parts.containers.create(containerConfig(imageId, config, plan, host), { isBuildStep: true });
    return new RunContainer(id, parts);
  }

  /** Run the command to its end. @returns its exit code. @throws FairleadError when it cannot be started, or nobody waits. */
  async run(): Promise<number> {
    const { containers, turns, signal } = this.#parts;
    const attach = { stdin: false, stdout: true, stderr: true, logs: false, stream: true };
    const streams = await containers.attach(this.id, attach);
    const kill = (): void => void this.remove().catch(() => {});
    signal.addEventListener('abort', kill, { once: true });
    try {
      requireWanted(signal);
      const { result } = await containers.wait(this.id, 'next-exit');
      // Awaited after the output; until then a container that is taken away must not count as unhandled.
      result.catch(() => {});
      const copied = this.#copy(streams);
      copied.catch(() => {});
      await containers.start(this.id);
      await copied;
      const { exitCode } = await result;
      requireWanted(signal);
      // Its end is recorded and nothing of it is mounted any more.
      await turns.run(this.id, () => {});
      return exitCode;
    } catch (error) {
      requireWanted(signal);
      throw error;
    } finally {
      signal.removeEventListener('abort', kill);
      streams.detach();
    }
  }

  /** Leave it to the user. */
  keep(): void {
    const { isBuildStep: _, ...container } = this.#parts.table.find(this.id);
    this.#parts.table.put(container);
  }

  /** Whoever asks, it is done once. */
  remove(): Promise<void> {
    this.#removal ??= this.#parts.containers.remove(this.id, { force: true, volumes: true });
    return this.#removal;
  }

  /** A character may be in two pieces. */
  async #copy({ output }: AttachedStreams): Promise<void> {
    const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
    for await (const { stream, data } of output) {
      const text = decoders[stream].decode(data, { stream: true });
      if (text !== '') this.#parts.write(stream, text);
    }
  }
}

/** @throws FairleadError `cancelled` when nobody waits for the build any more. */
export function requireWanted(signal: AbortSignal): void {
  if (signal.aborted) throw new FairleadError('cancelled', 'Build cancelled');
}

function containerConfig(
  image: string,
  config: ImageRunConfig,
  { words, env }: RunPlan,
  host: HostConfig,
): ContainerConfig {
  return {
    image,
    user: config.User ?? '',
    workingDir: config.WorkingDir ?? '',
    env: [...(config.Env ?? []), ...env],
    // Neither the image's entrypoint nor its checks have to do with how it is made.
    entrypoint: [''],
    command: words,
    healthcheck: { test: ['NONE'], interval: 0, timeout: 0, startPeriod: 0, startInterval: 0, retries: 0 },
    labels: config.Labels ?? {},
    exposedPorts: [],
    volumes: [],
    tty: false,
    openStdin: false,
    stdinOnce: false,
    attachStdin: false,
    attachStdout: false,
    attachStderr: false,
    networkDisabled: false,
    host,
    networks: [],
    other: { config: {}, host: {} },
  };
}
