import { type ChildProcess, spawn } from 'node:child_process';
import { enterNamespace, namespacePath } from '@fairlead/kernel';
import type { NamespaceName } from '@fairlead/netlink';
import { type Finished, finish, type RunOptions } from './program.ts';

/** A place in which programs can be run. */
export interface Space {
  /** Run a program to its end; whatever its exit code is. */
  run(command: readonly string[], options?: RunOptions): Promise<Finished>;
  /**
   * Run a program that has to succeed, and give what it wrote to standard output.
   *
   * @throws Error with the command, its code and what it said.
   */
  exec(...command: string[]): Promise<string>;
  /** Start a program with pipes and do not wait for it. */
  start(command: readonly string[], options?: RunOptions): ChildProcess;
}

/** A network namespace with the rest of the machine around it: how the outside world sees a host. */
export class NetworkSpace implements Space {
  readonly name: NamespaceName;
  /** Where the namespace is pinned. */
  readonly path: string;

  constructor(name: NamespaceName) {
    this.name = name;
    this.path = namespacePath(name);
  }

  /** A child inherits the namespace of the thread that forks it, and `spawn` forks at once. */
  start(command: readonly string[], options: RunOptions = {}): ChildProcess {
    return enterNamespace(this.path, () => startProgram(command, options));
  }

  async run(command: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return finish(this.start(command, options), options);
  }

  async exec(...command: string[]): Promise<string> {
    return succeed(command, await this.run(command));
  }
}

/** `spawn` with pipes for all three streams and the options of this package. */
export function startProgram([program = '', ...words]: readonly string[], { env }: RunOptions): ChildProcess {
  return spawn(program, words, { stdio: 'pipe', env: { ...process.env, ...env } });
}

/** Standard output of a program that succeeded; see {@link Space.exec}. */
export function succeed(command: readonly string[], { code, stdout, stderr }: Finished): string {
  if (code === 0) return stdout;
  throw new Error(`${command.join(' ')} exited with ${code}: ${stderr.trim() || stdout.trim()}`);
}
