import type { LogMessage, LogOrigin } from './log-message.ts';
import { encodeMessagePack, type Packable } from './message-pack.ts';

/**
 * A message of fluentd's forward protocol (Forward Protocol Specification v1, Message Modes): tag, time, record and options.
 *
 * @param chunk asks for an acknowledgement that has the same text; absent means that none is wanted.
 */
export function fluentdMessage(
  message: LogMessage,
  origin: LogOrigin,
  subSecond: boolean,
  chunk: string | undefined,
): Buffer {
  const { stream, line, time, partial } = message;
  const seconds = Number(time / 1_000_000_000n);
  const record: [string, Packable][] = [
    ['container_id', origin.id],
    ['container_name', `/${origin.name}`],
    ['source', stream],
    ['log', line],
    ...Object.entries(origin.attributes),
  ];
  if (partial !== undefined) {
    record.push(['partial_message', 'true'], ['partial_id', partial.id]);
    record.push(['partial_ordinal', String(partial.ordinal)], ['partial_last', String(partial.isLast)]);
  }
  const moment = subSecond ? { seconds, nanoseconds: Number(time % 1_000_000_000n) } : seconds;
  const options = new Map<string, Packable>(chunk === undefined ? [] : [['chunk', chunk]]);
  return encodeMessagePack([origin.tag, moment, new Map(record), options]);
}
