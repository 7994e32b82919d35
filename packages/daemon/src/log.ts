import type { Logger } from '@fairlead/base';
import { destination, pino } from 'pino';

/**
 * The daemon's log: JSON lines on standard error. Written at once and from this thread: transports would start threads,
 * and a network namespace belongs to a thread.
 */
export function daemonLogger(level: string): Logger {
  const log = pino({ base: null, level: level === 'fatal' ? 'error' : level }, destination({ fd: 2, sync: true }));
  return {
    debug: (message, details) => log.debug(details ?? {}, message),
    info: (message, details) => log.info(details ?? {}, message),
    warn: (message, details) => log.warn(details ?? {}, message),
    error: (message, details) => log.error(details ?? {}, message),
  };
}
