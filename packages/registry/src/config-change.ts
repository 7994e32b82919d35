import { FairleadError } from '@fairlead/base';
import type { HealthcheckConfig, ImageRunConfig } from './image-config.ts';
import { isTextList } from './image-config.ts';

/**
 * Apply Dockerfile instructions to an image's run configuration: `--change` of `docker import` and `docker commit`.
 *
 * @throws FairleadError `invalid-argument` for an instruction that changes no configuration or is malformed.
 */
export function applyConfigChanges(config: ImageRunConfig, changes: readonly string[]): ImageRunConfig {
  let current = config;
  for (const change of changes) current = { ...current, ...changed(current, change) };
  return current;
}

function changed(config: ImageRunConfig, change: string): Partial<ImageRunConfig> {
  const [, instruction = '', rest = ''] = /^\s*(\S+)\s*([\s\S]*?)\s*$/.exec(change) ?? [];
  const name = instruction.toUpperCase();
  if (name !== '' && rest === '') throw invalid(`${name} requires at least one argument`);
  switch (name) {
    case 'CMD':
      return { Cmd: command(rest) };
    case 'ENTRYPOINT':
      return { Entrypoint: command(rest) };
    case 'ENV':
      return { Env: withVariables(config.Env ?? [], pairs(rest, name)) };
    case 'LABEL':
      return { Labels: { ...config.Labels, ...Object.fromEntries(pairs(rest, name)) } };
    case 'EXPOSE':
      return { ExposedPorts: { ...config.ExposedPorts, ...keys(words(rest).flatMap(exposedPorts)) } };
    case 'VOLUME':
      return { Volumes: { ...config.Volumes, ...keys(list(rest) ?? words(rest)) } };
    case 'USER':
      return { User: rest };
    case 'WORKDIR':
      return { WorkingDir: workingDirectory(config.WorkingDir ?? '', rest) };
    case 'STOPSIGNAL':
      return { StopSignal: rest };
    case 'ONBUILD':
      return { OnBuild: [...(config.OnBuild ?? []), rest] };
    case 'HEALTHCHECK':
      return { Healthcheck: healthcheck(rest) };
    default:
      throw invalid(`${instruction} is not a valid change command`);
  }
}

/** The exec form is a JSON list, all else is a line for the shell. */
function command(text: string): readonly string[] {
  return list(text) ?? ['/bin/sh', '-c', text];
}

function list(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isTextList(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `a=b "c=d e"` as name and value each; the old form `NAME value with spaces` is one pair. */
function pairs(text: string, instruction: string): [name: string, value: string][] {
  const parts = words(text);
  if (!parts[0]?.includes('=')) {
    const [, name = '', value] = /^(\S+)\s+([\s\S]*)$/.exec(text) ?? [];
    if (value === undefined) throw invalid(`${instruction} must have two arguments`);
    return [[name, value]];
  }
  return parts.map((part) => {
    const equals = part.indexOf('=');
    if (equals < 0) throw invalid(`Syntax error - can't find = in "${part}". Must be of the form: name=value`);
    if (equals === 0) throw invalid(`${instruction} names can not be blank`);
    return [part.slice(0, equals), part.slice(equals + 1)];
  });
}

/** Words as a shell splits them: quotes group and vanish, a backslash takes the next character as it is. */
function words(text: string): string[] {
  const word = /(?:[^\s"'\\]|\\[\s\S]|"(?:[^"\\]|\\[\s\S])*"|'[^']*')+/g;
  return [...text.matchAll(word)].map(([raw]) => raw.replace(/\\([\s\S])|["']/g, '$1'));
}

function withVariables(variables: readonly string[], added: readonly [name: string, value: string][]): string[] {
  const byName = new Map(variables.map((variable) => [variable.split('=', 1)[0] ?? '', variable]));
  for (const [name, value] of added) byName.set(name, `${name}=${value}`);
  return [...byName.values()];
}

function keys(names: readonly string[]): Record<string, Record<string, never>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

/** `80`, `80/udp`, `8000-8002/tcp`. */
function exposedPorts(text: string): string[] {
  const [, first, last = first, protocol = 'tcp'] = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/([a-zA-Z]+))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (!(from <= to && to <= 65_535)) throw invalid(`Invalid containerPort: ${text}`);
  if (!['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase())) throw invalid(`Invalid proto: ${protocol}`);
  return Array.from({ length: to - from + 1 }, (_, index) => `${from + index}/${protocol.toLowerCase()}`);
}

function workingDirectory(current: string, path: string): string {
  if (path.startsWith('/')) return path;
  return `${current === '/' ? '' : current}/${path}`;
}

const durationUnits: Readonly<Record<string, number>> = { h: 3.6e12, m: 6e10, s: 1e9, ms: 1e6, us: 1e3, ns: 1 };
const healthcheckOptions: Readonly<Record<string, 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval'>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
};

function healthcheck(text: string): HealthcheckConfig {
  if (text.toUpperCase() === 'NONE') return { Test: ['NONE'] };
  const [, options = '', test] = /^((?:--\S+\s+)*)CMD\s+([\s\S]+)$/i.exec(text) ?? [];
  if (test === undefined) throw invalid(`Unknown type "${words(text)[0]}" in HEALTHCHECK (try CMD)`);
  const exec = list(test);
  const settings = words(options).map((option): Partial<HealthcheckConfig> => {
    const [, name = '', value = ''] = /^--([^=]+)=(.*)$/.exec(option) ?? [];
    if (name === 'retries') return { Retries: Number(value) };
    const key = healthcheckOptions[name];
    if (key === undefined) throw invalid(`Unknown flag: ${name}`);
    return { [key]: nanoseconds(value) };
  });
  return Object.assign({ Test: exec === undefined ? ['CMD-SHELL', test] : ['CMD', ...exec] }, ...settings);
}

/** A Go duration: `1m30s`. */
function nanoseconds(text: string): number {
  if (!/^(\d+(\.\d+)?(h|ms|us|ns|m|s))+$/.test(text)) throw invalid(`time: invalid duration "${text}"`);
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)/g);
  return [...parts].reduce((sum, [, value, unit = '']) => sum + Number(value) * (durationUnits[unit] ?? 0), 0);
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
