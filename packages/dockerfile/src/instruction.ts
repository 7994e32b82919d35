/** A name and its value. */
export interface Pair {
  readonly name: string;
  readonly value: string;
}

/** A command: the words of the exec form, or one line for the shell. */
export interface CommandLine {
  readonly words: readonly string[];
  readonly form: 'exec' | 'shell';
}

/** How it is found out whether a container is well. Durations are nanoseconds; 0 means Docker's default. */
export interface HealthCheck {
  /** `NONE`, `CMD` and words, or `CMD-SHELL` and a line. */
  readonly test: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

/** What `COPY` and `ADD` have in common. Texts are as they were written: variables are not replaced yet. */
export interface Transfer {
  readonly sources: readonly string[];
  readonly destination: string;
  /** '' when nobody said. */
  readonly owner: string;
  readonly mode: string;
  /** Names of the flags that were given. */
  readonly flags: readonly string[];
}

/** What an instruction asks for, by its kind. Variables in it are not replaced yet. */
export type Order =
  | { readonly kind: 'from'; readonly image: string; readonly stage: string; readonly platform: string }
  | { readonly kind: 'arg'; readonly arguments: readonly { readonly name: string; readonly value?: string }[] }
  | { readonly kind: 'run'; readonly command: CommandLine; readonly flags: readonly string[] }
  | { readonly kind: 'cmd' | 'entrypoint'; readonly command: CommandLine }
  | ({ readonly kind: 'add' } & Transfer)
  | ({ readonly kind: 'copy'; readonly from: string } & Transfer)
  | { readonly kind: 'env' | 'label'; readonly pairs: readonly Pair[] }
  | { readonly kind: 'maintainer'; readonly text: string }
  | { readonly kind: 'expose'; readonly ports: readonly string[] }
  | { readonly kind: 'volume'; readonly paths: readonly string[] }
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'workdir'; readonly path: string }
  | { readonly kind: 'stopsignal'; readonly signal: string }
  | { readonly kind: 'shell'; readonly words: readonly string[] }
  | { readonly kind: 'onbuild'; readonly trigger: string }
  | { readonly kind: 'healthcheck'; readonly check: HealthCheck };

/** An instruction, with how it was written. */
export type Instruction = Order & {
  /** As `Step 1/3 : ...` shows it. */
  readonly code: string;
  /** Where it begins; the first line is 1. */
  readonly line: number;
};

/** The first instruction of a stage. */
export type FromInstruction = Extract<Instruction, { readonly kind: 'from' }>;

/** An instruction that declares variables. */
export type ArgInstruction = Extract<Instruction, { readonly kind: 'arg' }>;
