import { type KeyedMutex, messageOf } from '@fairlead/base';
import type { EngineContext } from '../../context.ts';
import type { LogMark } from '../../log/log-writer.ts';
import type { Container } from '../../model.ts';
import type { ContainerTable } from '../container-table.ts';
import type { Started } from '../process/container-streams.ts';
import type { AttachedStreams, AttachOptions } from '../stream-port.ts';
import type { ContainerStart } from './start.ts';

/** A client's end of a container's streams. */
export interface Attachment {
  readonly live: AttachedStreams;
  /** What the log held when the first live byte was still to come. */
  readonly mark: LogMark | undefined;
}

/** What {@link Attachments} works with. */
export interface AttachmentParts {
  readonly context: EngineContext;
  readonly table: ContainerTable;
  readonly start: ContainerStart;
  /** Whose turn it is, by container id. */
  readonly turns: KeyedMutex;
  /** Streams of the containers that run, or that clients have attached to before their start; by id. */
  readonly running: Map<string, Started>;
}

/** Clients at the streams of containers, running or not. */
export class Attachments {
  readonly #parts: AttachmentParts;

  constructor(parts: AttachmentParts) {
    this.#parts = parts;
  }

  /** Streams and log of a container that runs or that clients have attached to, once what goes on with it is over. */
  async streams(id: string): Promise<Started | undefined> {
    const { running, turns } = this.#parts;
    if (!running.has(id)) await turns.run(id, () => {});
    return running.get(id);
  }

  /**
   * A client's end of the streams of a container, running or not: a client that attaches before the start misses
   * nothing. Pipes that were made for it go when it has gone and nobody has started the container.
   */
  async attach(id: string, options: AttachOptions): Promise<Attachment> {
    const { turns } = this.#parts;
    const { live, mark } = this.#attachTo(id, options) ?? (await turns.run(id, () => this.#prepare(id, options)));
    const detach = () => {
      live.detach();
      void turns.run(id, () => this.#abandon(id));
    };
    return { live: { ...live, detach }, mark };
  }

  #attachTo(id: string, options: AttachOptions): Attachment | undefined {
    const started = this.#parts.running.get(id);
    return started === undefined ? undefined : attachment(started, options, this.#parts.table.find(id));
  }

  async #prepare(id: string, options: AttachOptions): Promise<Attachment> {
    const { running, start, table } = this.#parts;
    const container = table.find(id);
    const started = running.get(id) ?? (await start.streams.open(container));
    running.set(id, started);
    return attachment(started, options, container);
  }

  async #abandon(id: string): Promise<void> {
    const { running, context } = this.#parts;
    const prepared = running.get(id);
    if (prepared === undefined || prepared.process.hasStarted || prepared.process.io.isRead) return;
    running.delete(id);
    await prepared.close().catch((error) => {
      context.logger.warn('streams not closed', { id, error: messageOf(error) });
    });
  }
}

/** No output may come between the two, so nothing is waited for here. */
function attachment({ process, log }: Started, options: AttachOptions, { config }: Container): Attachment {
  return { live: process.attach(options, config.stdinOnce), mark: log?.mark() };
}
