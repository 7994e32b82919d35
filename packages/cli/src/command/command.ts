import type { Connection } from '../connection/connection.ts';
import type { Options } from './options.ts';

/** Names of things that completion can ask the engine for. */
export type Completion =
  | 'container'
  | 'running-container'
  | 'container-path'
  | 'image'
  | 'network'
  | 'volume'
  | 'plugin'
  | 'file'
  | 'node'
  | 'service'
  | 'secret'
  | 'config'
  | 'stack';

/** An option of a command, as data. */
export interface OptionDefinition {
  /** `-p, --publish <spec>`; without `<...>` it is a flag. Its value is kept under the last name. */
  readonly flags: string;
  readonly description: string;
  /** May be given several times; its value is a list. */
  readonly repeatable?: boolean;
  /** What its value can be: names of things, or these words. */
  readonly completion?: Completion | readonly string[];
}

/** A command, as data: help, completion and the documentation come from it. */
export interface CommandDefinition {
  /** `['run']`, `['network', 'create']`. */
  readonly words: readonly string[];
  /** Other ways to say it: `[['image', 'ls']]` for `images`. */
  readonly aliases?: readonly (readonly string[])[];
  readonly summary: string;
  /** `<image> [command...]`: needed, not needed, and as many as there are. */
  readonly arguments?: string;
  readonly options?: readonly OptionDefinition[];
  /** What its arguments can be. */
  readonly completion?: Completion | readonly string[];
  /** Everything after the first argument belongs to another program: options there are not ours. */
  readonly passThrough?: boolean;
  /** Loads what the command does; only that of the command that runs is ever loaded. */
  readonly load: () => Promise<Action>;
}

/** What a command does. Resolves with the exit code. */
export type Action = (invocation: Invocation) => Promise<number>;

/** One call of a command. */
export interface Invocation {
  /** Arguments in order; those that may be repeated are spread. */
  readonly words: readonly string[];
  readonly options: Options;
  /** The engine; nothing is sent before the first request. */
  readonly engine: Connection;
  /** Every command that there is, for those that speak of others. */
  readonly commands: readonly CommandDefinition[];
  /** Write a line to standard output. */
  readonly print: (line: string) => void;
}
