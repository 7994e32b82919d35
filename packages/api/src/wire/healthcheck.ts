import { FairleadError } from '@fairlead/base';
import type { ContainerState, Health, HealthcheckConfig } from '@fairlead/engine';
import type * as v from 'valibot';
import { goInteger, goObject, goStrings } from './go-json.ts';
import { timeText } from './time.ts';

/** Nanoseconds; nothing shorter makes sense (moby, api/types/container). */
const shortest = 1_000_000;

/** `Healthcheck` of a request. Durations are nanoseconds. */
export const healthcheckSchema = goObject({
  Test: goStrings,
  Interval: goInteger,
  Timeout: goInteger,
  StartPeriod: goInteger,
  StartInterval: goInteger,
  Retries: goInteger,
});

type WireHealthcheck = v.InferOutput<typeof healthcheckSchema>;

/** @throws FairleadError `invalid-argument` in Docker's words. */
export function requireValidHealthcheck(check: WireHealthcheck | undefined): void {
  if (check === undefined) return;
  const tooShort = (['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const).find(
    (name) => check[name] !== 0 && check[name] < shortest,
  );
  // Docker looks at the retries between the timeout and the start period.
  if (check.Retries < 0 && tooShort !== 'Interval' && tooShort !== 'Timeout') {
    fail('Retries in Healthcheck cannot be negative');
  }
  if (tooShort !== undefined) fail(`${tooShort} in Healthcheck cannot be less than 1ms`);
}

/** The engine's form of a `Healthcheck`. */
export function parseHealthcheck(check: WireHealthcheck): HealthcheckConfig {
  return {
    test: check.Test,
    interval: check.Interval,
    timeout: check.Timeout,
    startPeriod: check.StartPeriod,
    startInterval: check.StartInterval,
    retries: check.Retries,
  };
}

/** `Healthcheck` as `inspect` shows it: without what nobody set. */
export function presentHealthcheck(check: HealthcheckConfig): Readonly<Record<string, unknown>> {
  const all = {
    Test: check.test,
    Interval: check.interval,
    Timeout: check.timeout,
    StartPeriod: check.startPeriod,
    StartInterval: check.startInterval,
    Retries: check.retries,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => (Array.isArray(value) ? value.length : value)));
}

/** `State.Health` of `inspect`. */
export function presentHealth({ status, failingStreak, log }: Health) {
  return {
    Status: status,
    FailingStreak: failingStreak,
    Log: log.map(({ start, end, exitCode, output }) => ({
      Start: timeText(start),
      End: timeText(end),
      ExitCode: exitCode,
      Output: output,
    })),
  };
}

/** Health in one word, as filters have it. */
export function healthWord({ health }: ContainerState): string {
  return health?.status ?? 'none';
}

/** What follows the words `Up 3 seconds`. */
export function healthSuffix({ health }: ContainerState): string {
  if (health === undefined) return '';
  return health.status === 'starting' ? ' (health: starting)' : ` (${health.status})`;
}

function fail(message: string): never {
  throw new FairleadError('invalid-argument', message);
}
