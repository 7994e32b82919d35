import type { ContainerConfig } from '../configuration/container-config.ts';
import type { Health, HealthcheckConfig, ProbeResult } from './health-model.ts';

/** Results that are kept (moby, daemon/health.go, like every default here). */
const KEPT = 5;
const DEFAULT_RETRIES = 3;
/** Milliseconds. */
const DEFAULT_INTERVAL = 30_000;
const DEFAULT_TIMEOUT = 30_000;
const DEFAULT_START_INTERVAL = 5_000;
const nanosecondsPerMillisecond = 1e6;

/** What runs a line of `CMD-SHELL` unless the container has a shell of its own. */
const defaultShell = ['/bin/sh', '-c'];

/** How a container is checked, complete. Durations are milliseconds. */
export interface HealthCheck {
  readonly command: readonly string[];
  /** From the end of one check to the beginning of the next. */
  readonly interval: number;
  readonly timeout: number;
  /** From the container's start; failures do not count until then, or until the first success. */
  readonly startPeriod: number;
  /** Takes the interval's place in the start period. */
  readonly startInterval: number;
  /** Failures in a row that make it unhealthy. */
  readonly retries: number;
}

/** How a container is checked; `undefined` when it is not, or in a way that nobody knows. */
export function healthCheckOf({ healthcheck, other }: ContainerConfig): HealthCheck | undefined {
  const [kind, ...words] = healthcheck?.test ?? [];
  if (healthcheck === undefined || words.length === 0) return undefined;
  if (kind !== 'CMD' && kind !== 'CMD-SHELL') return undefined;
  const own = other.config['Shell'];
  const shell = Array.isArray(own) && own.length > 0 ? own.map(String) : defaultShell;
  return {
    command: kind === 'CMD' ? words : [...shell, ...words],
    interval: milliseconds(healthcheck.interval) || DEFAULT_INTERVAL,
    timeout: milliseconds(healthcheck.timeout) || DEFAULT_TIMEOUT,
    startPeriod: milliseconds(healthcheck.startPeriod),
    startInterval: milliseconds(healthcheck.startInterval) || DEFAULT_START_INTERVAL,
    retries: healthcheck.retries || DEFAULT_RETRIES,
  };
}

/** A container's check: what was asked for, and the image's where nothing was. */
export function mergeHealthcheck(
  asked: HealthcheckConfig | undefined,
  image: HealthcheckConfig | undefined,
): HealthcheckConfig | undefined {
  if (asked === undefined || image === undefined) return asked ?? image;
  return {
    test: asked.test.length > 0 ? asked.test : image.test,
    interval: asked.interval || image.interval,
    timeout: asked.timeout || image.timeout,
    startPeriod: asked.startPeriod || image.startPeriod,
    startInterval: asked.startInterval || image.startInterval,
    retries: asked.retries || image.retries,
  };
}

/** Health of a container that has just started; what was found before its last end is still shown. */
export function starting(before: Health | undefined): Health {
  return { status: 'starting', failingStreak: 0, log: before?.log ?? [] };
}

/** Health of a container that nobody checks any more, for it has ended or is frozen: Docker calls it unhealthy. */
export function unwatched(health: Health): Health {
  return { ...health, status: 'unhealthy' };
}

/** True when nothing speaks against sending somebody to a container: its check has succeeded, or it has none. */
export function isReady(health: Health | undefined): boolean {
  return health === undefined || health.status === 'healthy';
}

/** Milliseconds until the next check of a container that started `age` milliseconds ago. */
export function pauseBeforeProbe(check: HealthCheck, health: Health, age: number): number {
  return age < check.startPeriod && health.status === 'starting' ? check.startInterval : check.interval;
}

/**
 * What a check has shown.
 *
 * @param startedAt milliseconds since the epoch, of the container.
 */
export function afterProbe(health: Health, result: ProbeResult, check: HealthCheck, startedAt: number): Health {
  const log = [...health.log, result].slice(-KEPT);
  if (result.exitCode === 0) return { status: 'healthy', failingStreak: 0, log };
  const isForgiven = health.status === 'starting' && result.start - startedAt < check.startPeriod;
  if (isForgiven) return { ...health, log };
  const failingStreak = health.failingStreak + 1;
  return { status: failingStreak >= check.retries ? 'unhealthy' : health.status, failingStreak, log };
}

function milliseconds(nanoseconds: number): number {
  return nanoseconds / nanosecondsPerMillisecond;
}
