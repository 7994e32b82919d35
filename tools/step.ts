import { spawn } from 'node:child_process';
import { root } from './source-tree.ts';

/** How a command ended and what it said. */
export interface Outcome {
  /** Exit code; a signal counts as 1. */
  readonly code: number;
  /** Standard output and error as they came. */
  readonly output: string;
}

/** Run a command at the top of the clone without a terminal and collect what it says. */
export function run(command: readonly string[]): Promise<Outcome> {
  const [program = '', ...words] = command;
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const child = spawn(program, words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const take = (piece: Buffer): void => {
    output += piece;
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  child.on('error', (error) => resolve({ code: 127, output: `${program}: ${error.message}\n` }));
  child.on('close', (code) => resolve({ code: code ?? 1, output }));
  return promise;
}

/** One part of a check: gives the text to show when it failed, nothing when all is well. */
export type Step = () => Promise<string | undefined>;

/** Run one step, say how it went in one line, and what was wrong below it. */
export async function report(name: string, step: Step): Promise<boolean> {
  const start = performance.now();
  const problem = await step();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(`${problem === undefined ? '✔' : '✖'} ${name} (${seconds} s)\n`);
  if (problem !== undefined) process.stdout.write(`${problem.trimEnd()}\n`);
  return problem === undefined;
}

/** A step that is a command: its output is the problem when it fails. */
export function commandStep(...command: string[]): Step {
  return async () => {
    const { code, output } = await run(command);
    return code === 0 ? undefined : output || `${command.join(' ')} exited with ${code}`;
  };
}
