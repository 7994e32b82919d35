import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Logger, messageOf } from '@fairlead/base';
import type { EngineSettings } from '../context.ts';
import { logAttributes } from '../log/log-attributes.ts';
import { logShape } from '../log/log-shape.ts';
import { LogWriter } from '../log/log-writer.ts';
import type { Container } from '../model.ts';
import { containerFiles, containerLog } from './container-files.ts';

/**
 * Go on with the log of a container, or begin one.
 *
 * @returns `undefined` when it has none.
 * @throws FairleadError `invalid-argument` in Docker's words when its options mean nothing.
 */
export async function openContainerLog(
  container: Container,
  settings: Pick<EngineSettings, 'dataRoot' | 'execRoot'>,
  logger: Logger,
): Promise<LogWriter | undefined> {
  const path = containerLog(container, settings);
  if (path === undefined) return undefined;
  const { id, config } = container;
  const { logConfig } = config.host;
  const shape = logShape(logConfig);
  const subject = { ...container, image: config.image, labels: config.labels };
  const attributes = logConfig.type === 'json-file' ? logAttributes(subject, logConfig.options) : {};
  mkdirSync(containerFiles(settings, id).directory, { recursive: true, mode: 0o710 });
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return await LogWriter.open(path, {
    shape,
    attributes,
    onFailure: (error) => logger.error('log not written', { id, error: messageOf(error) }),
  });
}
