import {
  bytesOption,
  cpuOption,
  durationOption,
  fractionOption,
  integerOption,
  listOption,
  positiveDurationOption,
  unsignedOption,
} from '../command/option-values.ts';
import type { Options } from '../command/options.ts';
import { refusal } from '../command/refusal.ts';
import type { ContainerSpec, GenericResource, HealthCheck, Resources, RestartPolicy, UpdateConfig } from './wire.ts';

/**
 * Groups of options that `service create` and `service update` read in the same way: what is given goes over what was
 * there (docker/cli, cli/command/service/opts.go). All throw FairleadError `invalid-argument` in docker's words.
 */

/** What a service does when nothing is said of it. */
const defaults = {
  update: { Parallelism: 1, FailureAction: 'pause', Monitor: 5e9, Order: 'stop-first' },
  restart: { Condition: 'any', Delay: 5e9, MaxAttempts: 0 },
} as const;

/** `UpdateConfig`, of `--update-…`, or `RollbackConfig`, of `--rollback-…`; `before` where nothing is said. */
export function updateConfig(
  options: Options,
  prefix: 'update' | 'rollback',
  before: UpdateConfig | null | undefined,
): UpdateConfig | undefined {
  const given = dropAbsent({
    Parallelism: unsignedOption(options, `${prefix}-parallelism`),
    Delay: durationOption(options, `${prefix}-delay`),
    Monitor: durationOption(options, `${prefix}-monitor`),
    FailureAction: options.text(`${prefix}-failure-action`),
    MaxFailureRatio: fractionOption(options, `${prefix}-max-failure-ratio`),
    Order: options.text(`${prefix}-order`),
  });
  if (Object.keys(given).length === 0) return before ?? undefined;
  return { ...(before ?? defaults.update), ...given };
}

/** `RestartPolicy`; `before` where nothing is said. */
export function restartPolicyOf(options: Options, before: RestartPolicy | null | undefined): RestartPolicy | undefined {
  const given = dropAbsent({
    Condition: options.text('restart-condition'),
    Delay: durationOption(options, 'restart-delay'),
    MaxAttempts: unsignedOption(options, 'restart-max-attempts'),
    Window: durationOption(options, 'restart-window'),
  });
  if (Object.keys(given).length === 0) return before ?? undefined;
  return { ...(before ?? defaults.restart), ...given };
}

/** Limits and reservations, but for resources that only the administrator knows. */
export function resourcesOf(options: Options, before: Resources | null | undefined): Resources {
  const limits = dropAbsent({
    NanoCPUs: cpuOption(options, 'limit-cpu'),
    MemoryBytes: bytesOption(options, 'limit-memory'),
    Pids: integerOption(options, 'limit-pids'),
  });
  const reserved = dropAbsent({
    NanoCPUs: cpuOption(options, 'reserve-cpu'),
    MemoryBytes: bytesOption(options, 'reserve-memory'),
  });
  return {
    ...before,
    Limits: { ...before?.Limits, ...limits },
    Reservations: { ...before?.Reservations, ...reserved },
  };
}

/** Read `--generic-resource KIND=AMOUNT`. */
export function genericResources(options: Options, name: string): GenericResource[] {
  const texts = listOption(options, name, (text) => {
    if (text.includes('=')) return text;
    throw new Error(`invalid generic-resource format \`${text}\` expected \`name=value\``);
  });
  return texts.map((text) => {
    const [kind = '', amount = '', ...rest] = text.split('=').map((part) => part.trim());
    const faulty = `invalid generic resource specification: could not parse GenericResource: `;
    if (rest.length > 0) throw refusal(`${faulty}incorrect term ${text}, missing '=' or malformed expression`);
    if (/^-\d+$/.test(amount)) throw refusal(`${faulty}cannot ask for negative resource ${kind}`);
    if (/^\d+$/.test(amount)) return { DiscreteResourceSpec: { Kind: kind, Value: Number(amount) } };
    throw refusal(
      `invalid generic-resource request \`${kind}=${amount}\`, Named Generic Resources is not supported for service create or update`,
    );
  });
}

/** How health is looked after; `before` where nothing is said. */
export function healthOf(options: Options, before: HealthCheck | null | undefined): HealthCheck | undefined {
  const command = options.text('health-cmd');
  const given = dropAbsent({
    Test: command === undefined ? undefined : command === '' ? [] : ['CMD-SHELL', command],
    Interval: positiveDurationOption(options, 'health-interval'),
    Timeout: positiveDurationOption(options, 'health-timeout'),
    StartPeriod: positiveDurationOption(options, 'health-start-period'),
    StartInterval: positiveDurationOption(options, 'health-start-interval'),
    Retries: integerOption(options, 'health-retries'),
  });
  const isAskedFor = Object.keys(given).length > 0;
  if (options.flag('no-healthcheck')) {
    if (isAskedFor) throw refusal('--no-healthcheck conflicts with --health-* options');
    return { Test: ['NONE'] };
  }
  if (!isAskedFor) return before ?? undefined;
  const { Test, ...others } = before ?? {};
  return { ...others, ...(Test !== undefined && Test[0] !== 'NONE' && { Test }), ...given };
}

/** Fields of a container that one option each says. */
export function plainFields(options: Options): Partial<ContainerSpec> {
  return dropAbsent({
    Hostname: options.text('hostname'),
    Dir: options.text('workdir'),
    User: options.text('user'),
    StopSignal: options.text('stop-signal'),
    Isolation: options.text('isolation'),
    Init: options.has('init') ? options.flag('init') : undefined,
    TTY: options.has('tty') ? options.flag('tty') : undefined,
    ReadOnly: options.has('read-only') ? options.flag('read-only') : undefined,
    StopGracePeriod: durationOption(options, 'stop-grace-period'),
    OomScoreAdj: integerOption(options, 'oom-score-adj'),
  });
}

/** The log driver with its options; options without a driver mean nothing. */
export function logDriverOf(
  options: Options,
): { readonly Name: string; readonly Options: Record<string, string> } | undefined {
  const name = options.text('log-driver');
  return name ? { Name: name, Options: options.map('log-opt') } : undefined;
}

/** A placement preference: `spread=node.labels.rack`. @throws Error in docker's words. */
export function placementPreference(text: string): { readonly Spread: { readonly SpreadDescriptor: string } } {
  const [, strategy, argument = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (strategy === undefined) throw new Error('placement preference must be of the format "<strategy>=<arg>"');
  if (strategy === 'spread') return { Spread: { SpreadDescriptor: argument } };
  throw new Error(`unsupported placement preference ${strategy} (only spread is supported)`);
}

/** `web:10.0.0.1` as a line of a hosts file: `10.0.0.1 web`. @param entry as `extraHost` gives it. */
export function hostsLine(entry: string): string {
  const at = entry.indexOf(':');
  return `${entry.slice(at + 1)} ${entry.slice(0, at)}`;
}

/** The fields that have a value. */
export function dropAbsent<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
