import { posix } from 'node:path';
import { FairleadError } from '@fairlead/base';
import {
  type CommandLine,
  formatPairs,
  goQuoteList,
  type HealthCheck,
  healthCheckText,
  type Instruction,
  type Pair,
} from '@fairlead/dockerfile';
import type { HealthcheckConfig, ImageRunConfig } from './image-config.ts';

/** How containers of an image run, while instructions change it. */
export interface RunConfigDraft {
  readonly config: ImageRunConfig;
  /** A `CMD` has been given: an `ENTRYPOINT` after it leaves it alone. */
  readonly ownsCommand: boolean;
}

/** What one instruction has done. */
export interface RunConfigChange extends RunConfigDraft {
  /** What the history says of it: `ENV a=b`. */
  readonly comment: string;
}

/** The shell that lines are run by unless `SHELL` names another one. */
const defaultShell: readonly string[] = ['/bin/sh', '-c'];

/**
 * Apply an instruction that says how containers of the image run. Its variables have been replaced.
 *
 * @returns `undefined` for an instruction that says something else.
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function changeRunConfig(draft: RunConfigDraft, instruction: Instruction): RunConfigChange | undefined {
  const { config } = draft;
  const changed = (change: Partial<ImageRunConfig>, comment: string) => changedBy(draft, change, comment);
  switch (instruction.kind) {
    case 'env': {
      const variables = withVariables(config.Env ?? [], instruction.pairs);
      return changed({ Env: variables }, `ENV ${formatPairs(instruction.pairs)}`);
    }
    case 'label': {
      const labels = Object.fromEntries(instruction.pairs.map(({ name, value }) => [name, value]));
      return changed({ Labels: { ...config.Labels, ...labels } }, `LABEL ${formatPairs(instruction.pairs)}`);
    }
    case 'maintainer':
      return changed({}, `MAINTAINER ${instruction.text}`);
    case 'cmd':
      return changeCommand(draft, instruction.command);
    case 'entrypoint':
      return changeEntrypoint(draft, instruction.command);
    case 'expose': {
      const ports = keys(instruction.ports.flatMap(exposedPorts));
      return changed({ ExposedPorts: { ...config.ExposedPorts, ...ports } }, `EXPOSE ${instruction.ports.join(' ')}`);
    }
    case 'volume': {
      if (instruction.paths.includes('')) throw invalid('VOLUME specified can not be an empty string');
      const volumes = { ...config.Volumes, ...keys(instruction.paths) };
      return changed({ Volumes: volumes }, `VOLUME ${goList(instruction.paths)}`);
    }
    case 'user':
      return changed({ User: instruction.user }, `USER ${instruction.user}`);
    case 'workdir': {
      const path = workingDirectory(config.WorkingDir ?? '', instruction.path);
      return changed({ WorkingDir: path }, `WORKDIR ${path}`);
    }
    case 'stopsignal':
      return changed({ StopSignal: instruction.signal }, `STOPSIGNAL ${instruction.signal}`);
    case 'shell':
      return changed({ Shell: instruction.words }, `SHELL ${goList(instruction.words)}`);
    case 'onbuild':
      return changed({ OnBuild: [...(config.OnBuild ?? []), instruction.trigger] }, `ONBUILD ${instruction.trigger}`);
    case 'healthcheck': {
      const { check } = instruction;
      return changed({ Healthcheck: healthcheck(check) }, `HEALTHCHECK ${healthCheckText(check)}`);
    }
    default:
      return undefined;
  }
}

function changedBy(draft: RunConfigDraft, change: Partial<ImageRunConfig>, comment: string): RunConfigChange {
  return { ...draft, config: { ...draft.config, ...change }, comment };
}

function changeCommand(draft: RunConfigDraft, command: CommandLine): RunConfigChange {
  const words = commandWords(draft.config, command);
  const ownsCommand = draft.ownsCommand || command.words.length > 0;
  return { ...changedBy(draft, { Cmd: words }, `CMD ${goQuoteList(words)}`), ownsCommand };
}

/** An empty one is none: not even a shell. */
function changeEntrypoint(draft: RunConfigDraft, command: CommandLine): RunConfigChange {
  const words = command.words.length > 0 ? commandWords(draft.config, command) : [];
  const change = { Entrypoint: words.length > 0 ? words : null, ...(!draft.ownsCommand && { Cmd: null }) };
  return changedBy(draft, change, `ENTRYPOINT ${goQuoteList(words)}`);
}

/** The words that a command stands for: a line is run by the shell. */
export function commandWords(config: ImageRunConfig, { form, words }: CommandLine): readonly string[] {
  return form === 'exec' ? words : [...shellOf(config), ...words];
}

/** The shell of an image. */
export function shellOf({ Shell: shell }: ImageRunConfig): readonly string[] {
  return shell !== undefined && shell.length > 0 ? shell : defaultShell;
}

/** One that is there keeps its place. */
function withVariables(variables: readonly string[], pairs: readonly Pair[]): string[] {
  const byName = new Map(variables.map((variable) => [variable.split('=', 1)[0] ?? '', variable]));
  for (const { name, value } of pairs) byName.set(name, `${name}=${value}`);
  return [...byName.values()];
}

function keys(names: readonly string[]): Record<string, Record<string, never>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

/** A list as Go's `%v` writes it. */
function goList(texts: readonly string[]): string {
  return `[${texts.join(' ')}]`;
}

/** `80`, `80/udp`, `8000-8002/tcp`; of `8080:80`, which is meant for `docker run`, the container's side. */
function exposedPorts(text: string): string[] {
  const [ports = '', protocol = 'tcp'] = text.split('/');
  const wanted = ports.slice(ports.lastIndexOf(':') + 1);
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(wanted) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (!(from <= to && to <= 65_535)) throw invalid(`Invalid containerPort: ${wanted}`);
  if (!['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase())) throw invalid(`Invalid proto: ${protocol}`);
  return Array.from({ length: to - from + 1 }, (_, index) => `${from + index}/${protocol.toLowerCase()}`);
}

function workingDirectory(current: string, path: string): string {
  if (path === '') throw invalid('cannot normalize nothing');
  return path.startsWith('/') ? path : posix.join('/', current, path);
}

/** What is 0 means the default and is left out. */
function healthcheck(check: HealthCheck): HealthcheckConfig {
  return {
    Test: check.test,
    ...(check.interval > 0 && { Interval: check.interval }),
    ...(check.timeout > 0 && { Timeout: check.timeout }),
    ...(check.startPeriod > 0 && { StartPeriod: check.startPeriod }),
    ...(check.startInterval > 0 && { StartInterval: check.startInterval }),
    ...(check.retries > 0 && { Retries: check.retries }),
  };
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
