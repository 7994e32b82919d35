import { FairleadError, type Logger, type LogLevel } from '@fairlead/base';

/** As in pino's and bunyan's logs, so that their viewers read ours. */
const weights: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50 };

/** What dockerd's `--log-level` takes (logrus, `ParseLevel`), and the least that is written then: errors always are. */
const thresholds: Readonly<Record<string, LogLevel>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  fatal: 'error',
  panic: 'error',
};

/** @throws FairleadError `invalid-argument` in dockerd's words. */
export function parseLogLevel(text: string): LogLevel {
  const level = thresholds[text.toLowerCase()];
  if (level === undefined) throw new FairleadError('invalid-argument', `invalid logging level: ${text}`);
  return level;
}

/** The daemon's log, from a threshold that may change: JSON lines on standard error, each written before the call returns. */
export function daemonLogger(threshold: () => LogLevel): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, details: Record<string, unknown> = {}) => {
      if (weights[level] < weights[threshold()]) return;
      process.stderr.write(
        `${JSON.stringify({ level: weights[level], time: Date.now(), ...details, msg: message })}\n`,
      );
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
