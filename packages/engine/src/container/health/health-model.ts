/** How it is found out whether a container does its work. Durations are nanoseconds; 0 means Docker's default. */
export interface HealthcheckConfig {
  /** `NONE`, or `CMD` and the words of a command, or `CMD-SHELL` and a line for the shell; empty means the image's. */
  readonly test: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  /** Failures in a row that make it unhealthy; 0 means Docker's default. */
  readonly retries: number;
}

/** What its health checks say of a container. */
export interface Health {
  readonly status: 'starting' | 'healthy' | 'unhealthy';
  /** Failures in a row. */
  readonly failingStreak: number;
  /** The last five, oldest first. */
  readonly log: readonly ProbeResult[];
}

/** How one health check went. Times are milliseconds since the epoch. */
export interface ProbeResult {
  readonly start: number;
  readonly end: number;
  /** -1 when it did not end in time or could not be run. */
  readonly exitCode: number;
  readonly output: string;
}
