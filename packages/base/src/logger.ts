/** Levels in rising order of weight. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Where a package says what happens; the daemon gives the real one, tests a silent one. */
export type Logger = {
  readonly [Level in LogLevel]: (message: string, details?: Record<string, unknown>) => void;
};

/** A logger that says nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
