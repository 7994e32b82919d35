import type { OpenUnixDatagram } from '../../context.ts';
import type { LogConfig } from '../log-options.ts';
import { logShape } from '../log-shape.ts';
import { destinationOf } from './destinations.ts';
import type { LogOrigin } from './log-message.ts';
import { type Destination, RemoteLog } from './remote-log.ts';

/** What {@link openRemoteLog} needs. */
export interface RemoteLogSurroundings {
  readonly openUnixDatagram: OpenUnixDatagram;
  /** Somebody has to be there now. */
  readonly isNew: boolean;
  /** Told when messages begin to get lost. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Begin to send the log of a container.
 *
 * @returns `undefined` for one that runs already and whose receiver is not even known any more, a socket that is gone.
 * @throws FairleadError, Error in Docker's words.
 */
export async function openRemoteLog(
  config: LogConfig,
  origin: LogOrigin,
  { openUnixDatagram, isNew, onFailure }: RemoteLogSurroundings,
): Promise<RemoteLog | undefined> {
  await using parts = new AsyncDisposableStack();
  let destination: Destination | undefined;
  try {
    destination = parts.use(destinationOf(config, origin, openUnixDatagram));
    await destination.connect();
  } catch (error) {
    if (isNew) throw error;
    onFailure(error);
  }
  if (destination === undefined) return undefined;
  const dropBeyond = logShape(config).dropBeyond ?? destination.dropBeyond;
  parts.move();
  return new RemoteLog(destination, { onFailure, ...(dropBeyond !== undefined && { dropBeyond }) });
}
