import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { FairleadError } from '@fairlead/base';

/** Says which process is the daemon, for as long as it lives; a second one is refused. */
export class PidFile implements Disposable {
  readonly #path: string;

  /** @throws FairleadError `conflict` when the process named in the file still runs. */
  constructor(path: string) {
    this.#path = path;
    const other = runningPid(path);
    if (other !== undefined) {
      const reason = `ensure Fairlead is not running or delete ${path}`;
      throw new FairleadError('conflict', `process with PID ${other} is still running: ${reason}`);
    }
    writeFileSync(path, String(process.pid), { mode: 0o644 });
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { force: true });
  }
}

function runningPid(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const pid = Number(readFileSync(path, 'utf8').trim());
  // After a crash or a reboot the number may belong to anything else by now.
  const isDaemon = pid > 1 && pid !== process.pid && commandLine(pid).includes('daemon');
  return isDaemon ? pid : undefined;
}

function commandLine(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return text.includes('fairlead') || text.includes('packages/') ? text : '';
  } catch {
    return '';
  }
}
