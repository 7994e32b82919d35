import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { FairleadError, lateModule, messageOf } from '@fairlead/base';
import type { EngineContext } from '../../context.ts';
import { logAttributes, logTag } from '../../log/log-attributes.ts';
import { isRemoteLog } from '../../log/log-options.ts';
import { logShape } from '../../log/log-shape.ts';
import { type LeftPiece, LogWriter } from '../../log/log-writer.ts';
import type { LogOrigin } from '../../log/remote/log-message.ts';
import type { RemoteLog } from '../../log/remote/remote-log.ts';
import type { Container } from '../../model.ts';
import { containerFiles, containerLog } from '../file/container-files.ts';
import type { OutputChunk } from '../stream-port.ts';

const remoteLogs = lateModule(() => import('../../log/remote/open-remote-log.ts'));

/** Where the output of a container goes. */
export interface ContainerLog {
  /** What can be read again; absent for drivers that keep nothing here. */
  readonly writer: LogWriter | undefined;
  /** Take in output, which is let go of once it is here. @returns a promise while somebody is behind; it never rejects. */
  write(chunk: OutputChunk, letGo: () => void): undefined | Promise<void>;
  /** Write and send what is left. */
  close(): Promise<void>;
}

/** Of a container that is not started, for want of a log. */
export const noLog: ContainerLog = { writer: undefined, write: (_, letGo) => void letGo(), close: async () => {} };

type Context = Pick<EngineContext, 'settings' | 'logger' | 'openUnixDatagram'>;

/**
 * Go on with the log of a container, or begin one.
 *
 * @param left of the streams that it is the log of, by an earlier daemon.
 * @param isNew a receiver that is not there keeps a container from its start, but not one that runs from being looked after.
 * @throws FairleadError in Docker's words when its options mean nothing, or its receiver is not there.
 */
export async function openContainerLog(
  container: Container,
  context: Context,
  { left, isNew }: { readonly left: readonly LeftPiece[]; readonly isNew: boolean },
): Promise<ContainerLog> {
  const remote = isRemoteLog(container.config.host.logConfig.type)
    ? await openRemote(container, context, isNew)
    : undefined;
  try {
    const writer = await openWriter(container, context, left);
    return {
      writer,
      write: (chunk, letGo) => both(writer?.write(chunk, letGo), remote?.write(chunk)),
      close: async () => void (await Promise.all([writer?.close(), remote?.close()])),
    };
  } catch (error) {
    await remote?.close();
    throw error;
  }
}

async function openWriter(
  container: Container,
  { settings, logger }: Context,
  left: readonly LeftPiece[],
): Promise<LogWriter | undefined> {
  const path = containerLog(container, settings);
  if (path === undefined) return undefined;
  const { id, config } = container;
  const { logConfig } = config.host;
  const shape = logShape(logConfig);
  const isTold = logConfig.type === 'json-file';
  const attributes = isTold ? await logAttributes(subjectOf(container), logConfig.options) : {};
  const { directory, pipes } = containerFiles(settings, id);
  mkdirSync(directory, { recursive: true, mode: 0o710 });
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return await LogWriter.open(path, {
    shape,
    attributes,
    progress: join(pipes, 'log-progress'),
    left,
    onFailure: (error) => logger.error('log not written', { id, error: messageOf(error) }),
  });
}

async function openRemote(container: Container, context: Context, isNew: boolean): Promise<RemoteLog | undefined> {
  const { id, config } = container;
  const { logger, openUnixDatagram } = context;
  const onFailure = (error: unknown) => logger.error('log not sent', { id, error: messageOf(error) });
  const { openRemoteLog } = await remoteLogs();
  try {
    return await openRemoteLog(config.host.logConfig, await originOf(container), {
      openUnixDatagram,
      isNew,
      onFailure,
    });
  } catch (error) {
    if (error instanceof FairleadError) throw error;
    throw new FairleadError('internal', `failed to initialize logging driver: ${messageOf(error)}`, { cause: error });
  }
}

async function originOf(container: Container): Promise<LogOrigin> {
  const { id, name, imageId, created, config } = container;
  const { options } = config.host.logConfig;
  const { tag = '', ...others } = options;
  const subject = subjectOf(container);
  return {
    ...{ id, name, imageId, created },
    image: config.image,
    command: [container.path, ...container.args].join(' '),
    tag: logTag(tag || '{{.ID}}', subject),
    attributes: await logAttributes(subject, others),
    hostname: hostname(),
  };
}

function subjectOf(container: Container) {
  return { ...container, image: container.config.image, labels: container.config.labels };
}

function both(one: undefined | Promise<void>, other: undefined | Promise<void>): undefined | Promise<void> {
  if (one === undefined || other === undefined) return one ?? other;
  return Promise.all([one, other]).then(() => {});
}
