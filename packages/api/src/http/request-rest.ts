import type { IncomingMessage } from 'node:http';

/** Bytes: as much as Go's server passes over, so that clients meet what they know (net/http, maxPostHandlerReadBytes). */
const LIMIT = 256 * 1024;
/** Milliseconds: who pauses in the middle is not waited for. */
const PATIENCE = 500;

/**
 * Pass over what a client sends that nobody wants to read: what fills the last record of an archive, or the rest of one that
 * was refused. A connection that is closed with something unread in it is reset, and its client may never see the answer.
 */
export async function passOverRest(message: IncomingMessage): Promise<void> {
  if (message.complete || message.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = LIMIT;
  const take = ({ length }: Buffer) => {
    left -= length;
    if (left < 0) resolve();
  };
  const over = () => resolve();
  message.on('data', take).once('end', over).once('close', over);
  const alarm = setTimeout(over, PATIENCE);
  await promise;
  clearTimeout(alarm);
  message.off('data', take).off('end', over).off('close', over);
}

/** The body of a request. Who stops in the middle leaves the rest for {@link passOverRest}, and the connection open. */
export function bodyOf(message: IncomingMessage): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => message.iterator({ destroyOnReturn: false }) };
}
