import { rmSync, writeFileSync } from 'node:fs';
import { FairleadError } from '@fairlead/base';
import { runningEngine } from '@fairlead/runtime';

/** Says which process is the daemon, for as long as it lives; a second one is refused. */
export class PidFile implements Disposable {
  readonly #path: string;

  /** @throws FairleadError `conflict` when the process named in the file still runs. */
  constructor(path: string) {
    this.#path = path;
    const other = runningEngine(path);
    if (other !== undefined && other !== process.pid) {
      const reason = `ensure Fairlead is not running or delete ${path}`;
      throw new FairleadError('conflict', `process with PID ${other} is still running: ${reason}`);
    }
    writeFileSync(path, String(process.pid), { mode: 0o644 });
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { force: true });
  }
}
